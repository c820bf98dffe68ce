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

/** What the daemon hands to running guests: metadata sockets, seeds. The runtime's own files lie elsewhere. */
export function guestsRunDir(layout: Pick<Layout, 'runDir'>): string {
  return join(layout.runDir, 'guests')
}

export function zoneRunDir(layout: Layout, uuid: string): string {
  return join(guestsRunDir(layout), uuid)
}
