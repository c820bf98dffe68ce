import { testImage } from './test-images.ts'

let number = 1

/** A payload that works: a busybox zone with one address that nobody else of this process has. */
export function payload(changes: Record<string, unknown> = {}): Record<string, unknown> {
  number += 1
  return {
    brand: 'lx',
    image_uuid: testImage,
    max_physical_memory: 64,
    quota: 1,
    nics: [{ nic_tag: 'test0', ips: [`10.1.${number >> 8}.${number & 255}/16`] }],
    ...changes,
  }
}
