import { createHash } from 'node:crypto'
import type { PlatformManifest } from '#contracts/platform/manifest.ts'

/** A package of npm that is bundled into our programs. */
export interface BundledPackage {
  name: string
  version: string
  /** Subresource integrity of package-lock.json, `sha512-…`. */
  integrity?: string
}

/** Bill of materials in CycloneDX 1.6 (ECMA-424): Debian packages, Node, and what is bundled from npm. */
export function renderSbom(manifest: PlatformManifest, bundled: readonly BundledPackage[]): object {
  const components = [
    ...manifest.packages.map(({ name, version, sha256 }) => ({
      'type': 'library',
      'bom-ref': `deb/${name}`,
      name,
      version,
      'purl': `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=amd64&distro=trixie`,
      'hashes': [{ alg: 'SHA-256', content: sha256 }],
    })),
    { 'type': 'application', 'bom-ref': 'node', 'name': 'node', 'version': manifest.node, 'purl': `pkg:generic/node@${manifest.node}` },
    ...bundled.map(({ name, version, integrity }) => ({
      'type': 'library',
      'bom-ref': `npm/${name}`,
      name,
      version,
      'purl': `pkg:npm/${name.replace('@', '%40')}@${version}`,
      ...(integrity === undefined ? {} : { hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex') }] }),
    })),
  ]
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${renderUuid(JSON.stringify(components))}`,
    version: 1,
    metadata: {
      timestamp: renderTimestamp(manifest.stamp),
      component: { 'type': 'operating-system', 'bom-ref': 'platform', 'name': 'spirula-platform', 'version': manifest.stamp },
    },
    components,
    dependencies: [{ ref: 'platform', dependsOn: components.map((component) => component['bom-ref']) }],
  }
}

/** `20261123T120000Z` as RFC 3339 has it. */
export function renderTimestamp(stamp: string): string {
  return stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')
}

/** A UUID of version 8 (RFC 9562): by content, so that the same inputs give the same file. */
function renderUuid(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-')
}

interface LockedPackage {
  version?: string
  integrity?: string
  dev?: boolean
}

/** What npm installs to run, of the text of package-lock.json. */
export function parseBundledPackages(lock: string): BundledPackage[] {
  const { packages } = JSON.parse(lock) as { packages: Record<string, LockedPackage> }
  return Object.entries(packages).flatMap(([path, { version, integrity, dev }]) => {
    if (path === '' || dev === true || version === undefined) return []
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
    return [{ name, version, ...(integrity === undefined ? {} : { integrity }) }]
  })
}
