import { join } from 'node:path'

/** Where things lie. All state is below the pool, so that a pool carried to another node brings its machines along. */
export interface Layout {
  /** `<pool>/config`: machine, image and tag records, journal. */
  configDir: string
  /** Gone at reboot: sockets, bundles, what runs now. */
  runDir: string
  /** What zones see under /native. */
  guestDir: string
}

export function machinesDir(layout: Layout): string {
  return join(layout.configDir, 'machines')
}

export function imagesDir(layout: Layout): string {
  return join(layout.configDir, 'images')
}

export function journalDir(layout: Layout): string {
  return join(layout.configDir, 'journal')
}

export function zoneRunDir(layout: Layout, uuid: string): string {
  return join(layout.runDir, 'zones', uuid)
}
