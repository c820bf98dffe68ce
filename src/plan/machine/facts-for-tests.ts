import type { InstalledImage } from '#contracts/image/manifest.ts'
import type { NicTag } from '#contracts/network/address.ts'
import { type AddressIndex, createAddressIndex } from './address-index.ts'
import type { CreateFacts } from './create.ts'

export const imageUuid = '11111111-2222-4333-8444-555555555555'
export const now = '2026-11-23T10:00:00.000Z'

export function imageForTests(manifest: Partial<InstalledImage['manifest']> = {}): InstalledImage {
  return {
    manifest: { v: 2, uuid: imageUuid, name: 'busybox', version: '1', type: 'lx-dataset', os: 'linux', ...manifest },
    zpool: 'zones',
    source: null,
    installed_at: now,
  }
}

const tags: Record<string, NicTag> = {
  internal: { name: 'internal', type: 'etherstub', mac: '-', mtu: 1500 },
  jumbo: { name: 'jumbo', type: 'normal', mac: '00:11:22:33:44:55', mtu: 9000 },
}

/** Facts of a node with one image and two nic tags, whose chance is a counter. */
export function factsForTests(change: Partial<CreateFacts> = {}): CreateFacts & { conflicts: AddressIndex } {
  let count = 0
  const hex = (digits: number): string => (++count).toString(16).padStart(digits, '0')
  return {
    now,
    newUuid: () => `00000000-0000-4000-8000-${hex(12)}`,
    newMac: () => `02:08:20:00:00:${hex(2)}`,
    uid_base: 1_000_000,
    server_uuid: '99999999-9999-4999-8999-999999999999',
    zpool: 'zones',
    readImage: (uuid) => (uuid === imageUuid ? imageForTests() : null),
    readNicTag: (name) => tags[name] ?? null,
    exists: () => false,
    strict: false,
    platform: false,
    ...change,
    conflicts: (change.conflicts as AddressIndex | undefined) ?? createAddressIndex(),
  }
}
