import type { Disk } from '#contracts/platform/disk.ts'
import { freeDisks, planSetupDisks, planSetupPools, type FoundPool } from './disk-facts.ts'
import type { SetupFacts } from './facts.ts'
import { describeGivenLayout, planSetupLayouts } from './layouts.ts'

/** A disk of tests: 2 TB of rust unless told. */
export function makeDisk(name: string, changes: Partial<Disk> = {}): Disk {
  return {
    name,
    path: `/dev/${name}`,
    id_path: `/dev/disk/by-id/ata-WDC_${name}`,
    size_bytes: 2_000_398_934_016,
    model: 'WDC WD2003FYYS-02W0B0',
    serial: `WD-${name.toUpperCase()}`,
    vendor: null,
    transport: 'sata',
    rotational: true,
    removable: false,
    read_only: false,
    boot_medium: false,
    in_use: false,
    pools: [],
    file_systems: [],
    ...changes,
  }
}

/** Two ports and these disks (two empty ones and the stick the machine booted from, unless told). */
export function makeFacts(inventory: readonly Disk[] = usualDisks(), pools: readonly FoundPool[] = []): SetupFacts {
  const free = freeDisks(inventory)
  return {
    links: [
      { name: 'eno1', mac: '52:54:00:12:34:56', carrier: false, driver: 'igb', speedMbps: 0 },
      { name: 'eno2', mac: '52:54:00:12:34:57', carrier: true, driver: 'ixgbe', speedMbps: 10000 },
    ],
    disks: planSetupDisks(inventory, pools),
    pools: planSetupPools(inventory, pools),
    layouts: (disks) => planSetupLayouts(free, disks),
    readLayout: (layout) => describeGivenLayout(free, layout),
    stamp: '20261123T120000Z',
    netboot: false,
  }
}

export function usualDisks(): Disk[] {
  const stick = makeDisk('sdz', {
    transport: 'usb',
    removable: true,
    boot_medium: true,
    rotational: false,
    size_bytes: 16_013_942_784,
    model: 'DataTraveler 3.0',
  })
  return [makeDisk('sda'), makeDisk('sdb'), stick]
}

/** A pool of tests, as found. */
export function makePool(name: string, changes: Partial<FoundPool> = {}): FoundPool {
  return { name, state: 'ONLINE', sizeBytes: 2e12, unfinished: false, locked: false, ...changes }
}

/** A key made for these tests; nobody has the private half. */
export const testKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ada@laptop'
