/** A place of the Debian archive that this machine itself is set up to use. */
export interface Mirror {
  archive: string
  /** Where the security suites are; null when the machine has none. */
  security: string | null
}

/** Fields asked of `apt-get indextargets`, one line an index. */
export const indexTargetFormat = '$(LABEL)|$(CODENAME)|$(SUITE)|$(COMPONENT)|$(REPO_URI)'

/**
 * Picks the Debian archive out of the builder's own apt configuration. Before the first `apt-get update`
 * apt knows no labels and leaves the field's name in place: then the suite's name tells.
 * null when apt knows no Debian archive.
 */
export function parseMirror(text: string): Mirror | null {
  const targets = text.split('\n').flatMap((line) => {
    const [label, codename, suite, component, uri] = line.split('|')
    if (uri === undefined || component !== 'main') return []
    return [{ label: label!.startsWith('$(') ? null : label!, suite: `${codename} ${suite}`, uri: uri.replace(/\/$/, '') }]
  })
  const isSecurity = (target: { label: string | null; suite: string }): boolean => target.label === 'Debian-Security' || /security/.test(target.suite)
  const archive = targets.find((target) => (target.label === 'Debian' || target.label === null) && !isSecurity(target))
  const security = targets.find((target) => (target.label === 'Debian-Security' || target.label === null) && isSecurity(target))
  return archive === undefined ? null : { archive: archive.uri, security: security?.uri ?? null }
}

/** sources.list lines of a suite on that mirror. */
export function renderSources(mirror: Mirror, suite: string, keyring: string): string[] {
  const line = (uri: string, name: string): string => `deb [signed-by=${keyring}] ${uri} ${name} main`
  const lines = [line(mirror.archive, suite), line(mirror.archive, `${suite}-updates`)]
  return mirror.security === null ? lines : [...lines, line(mirror.security, `${suite}-security`)]
}

/** The settings of `apt-config dump` that say how to reach a mirror (proxies, certificates), as apt options. */
export function parseAptAccess(text: string): string[] {
  return text.split('\n').filter((line) => /^Acquire::https?::(Proxy|CaInfo|CaPath|Verify-Peer|.*::Proxy) "[^"]+";$/i.test(line))
}
