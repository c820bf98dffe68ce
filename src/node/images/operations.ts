import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import { ImageManifest, type InstalledImage } from '#contracts/image/manifest.ts'
import type { RootFacts } from '#contracts/machine/record.ts'
import type { Context } from '#host/context.ts'
import { guestFileExists, isEmptyGuestDirectory, readGuestLink } from '#host/fs/guest-tree.ts'
import type { Request } from '../operations/request.ts'
import type { Parts } from '../parts.ts'
import type { Plan } from '../steps/step.ts'

/** Snapshot that machines are cloned from, as on SmartOS. */
export const finalSnapshot = 'final'

/** `imgadm install`: a manifest and a file on this node become a dataset with `@final`. */
export function installImageRequest(body: { manifest: Record<string, unknown>; file: string }, parts: Parts): Request {
  const manifest = parseManifest(body.manifest)
  return { kind: 'image.install', subject: manifest.uuid, plan: (context) => planInstall(manifest, body.file, parts, context) }
}

async function planInstall(manifest: ImageManifest, file: string, parts: Parts, context: Context): Promise<Plan> {
  const { uuid } = manifest
  if (parts.images.require(uuid) !== undefined) throw new AppError('ImageExists', `Image ${uuid} is already installed.`)
  if (await parts.host.storage.exists(uuid, context)) throw new AppError('DatasetExists', `The pool has a dataset ${uuid} already, which is no image.`)
  const partial = `${uuid}-partial`
  // Left by a kill in an earlier install whose journal said so; nobody else makes such a name.
  await parts.host.storage.destroy(partial, context)
  const image: InstalledImage = { manifest, zpool: parts.host.storage.pool, source: null, installed_at: parts.now().toISOString() }
  return {
    steps: [
      { kind: 'dataset.create', dataset: partial, options: {} },
      { kind: 'image.unpack', dataset: partial, manifest, file },
      { kind: 'snapshot.take', snapshot: { dataset: partial, snapshot: finalSnapshot } },
      { kind: 'dataset.rename', from: partial, to: uuid },
      { kind: 'image.write', image },
    ],
    commit: { when: 'image_written', uuid },
    durable: true,
    warnings: [],
    result: { uuid },
  }
}

export function deleteImageRequest(uuid: string, parts: Parts): Request {
  requireImage(uuid, parts)
  return { kind: 'image.delete', subject: uuid, plan: () => planDelete(uuid, parts) }
}

function planDelete(uuid: string, parts: Parts): Plan {
  const image = requireImage(uuid, parts)
  const clones = clonesOf(uuid, parts)
  if (clones.length > 0) {
    throw new AppError(
      'ImageInUse',
      `Image ${uuid} has ${clones.length} dependent ${clones.length === 1 ? 'machine' : 'machines'}: ${clones.slice(0, 3).join(', ')}${clones.length > 3 ? ', …' : ''}.`,
    )
  }
  return {
    steps: [
      { kind: 'image.remove', image },
      { kind: 'dataset.destroy', dataset: uuid },
    ],
    commit: { when: 'image_removed', uuid },
    finish_from: 1,
    durable: true,
    warnings: [],
  }
}

export function requireImage(uuid: string, parts: Parts): InstalledImage {
  const image = parts.images.require(uuid)
  if (image === undefined) throw new AppError('ImageNotFound', `Image ${uuid} is not installed on this node.`, { hint: 'imgadm list' })
  return image
}

export function clonesOf(uuid: string, parts: Parts): string[] {
  return [...parts.machines.all()].filter((record) => record.image_uuid === uuid).map((record) => record.uuid)
}

/** Looks into the unpacked tree once, before any guest can have touched it. */
export async function readImageFacts(dataset: string, parts: Parts): Promise<RootFacts> {
  const root = join(parts.host.storage.mountpointOf(dataset), 'root')
  // Its init is the platform's.
  if (await isEmptyGuestDirectory(root, '/usr')) return { systemd: true, cloud_init: false, sparse: true }
  const init = (await readGuestLink(root, '/sbin/init')) ?? (await readGuestLink(root, '/usr/sbin/init')) ?? ''
  const cloudInit = (await guestFileExists(root, '/usr/bin/cloud-init')) || (await guestFileExists(root, '/usr/local/bin/cloud-init'))
  return { systemd: init.endsWith('/systemd'), cloud_init: cloudInit }
}

function parseManifest(value: Record<string, unknown>): ImageManifest {
  const parsed = ImageManifest.safeParse(value)
  if (!parsed.success) {
    const details = parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }))
    throw new AppError('ImageInvalid', `The image manifest is invalid: ${details.map((detail) => `${detail.path}: ${detail.message}`).join('; ')}.`, {
      details,
    })
  }
  if (parsed.data.files?.[0]?.format === 'zfs')
    throw new AppError('NotSupported', `Image ${parsed.data.uuid} is a ZFS stream; this node installs images in tar form for now.`)
  if (parsed.data.origin !== undefined)
    throw new AppError('NotSupported', `Image ${parsed.data.uuid} is incremental (origin ${parsed.data.origin}); this node installs whole images for now.`)
  return parsed.data
}
