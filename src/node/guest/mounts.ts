import { join } from 'node:path'
import type { Brand } from '#contracts/machine/record.ts'
import type { ZoneMount } from '#host/runtime.ts'

export interface GuestMountsOptions {
  uuid: string
  brand: Brand
  /** The zone's init is systemd. */
  systemd: boolean
  /** What `installNative` laid out. */
  nativeDir: string
  /** `<run>/zones/UUID`: has `zonecontrol` (the metadata socket) and `seed` (see `writeSeed`). */
  zoneRunDir: string
  hasCloudInit: boolean
}

/**
 * What the node hands into a zone, all read-only. Nothing is written into the zone's own tree: images are
 * foreign and roots hostile. Order matters: a mount lies on those before it.
 */
export function planGuestMounts(options: GuestMountsOptions): ZoneMount[] {
  const zonecontrol = join(options.zoneRunDir, 'zonecontrol')
  return [
    // Programs run from here, so no `noexec`.
    bind(options.nativeDir, '/native', ['nosuid', 'nodev']),
    bind(zonecontrol, '/native/.zonecontrol'),
    bind(zonecontrol, '/.zonecontrol'),
    ...(options.systemd ? planUnitMounts(options.nativeDir) : []),
    ...(options.hasCloudInit ? [bind(join(options.zoneRunDir, 'seed'), '/var/lib/cloud/seed/nocloud')] : []),
  ]
}

/** Single files, because systemd and others write beside them in /run/systemd/system. */
function planUnitMounts(nativeDir: string): ZoneMount[] {
  return ['spirula-mdata.service', 'multi-user.target.d/spirula.conf'].map((unit) => bind(join(nativeDir, 'lib/systemd', unit), `/run/systemd/system/${unit}`))
}

function bind(source: string, target: string, options = ['nosuid', 'nodev', 'noexec']): ZoneMount {
  // Not idmapped: the sources belong to the right ids already, and /run is a tmpfs, which old kernels cannot map.
  return { source, target, read_only: true, idmap: false, options }
}
