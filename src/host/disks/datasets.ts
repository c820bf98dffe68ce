import { systemDatasets } from '#contracts/platform/names.ts'
import { configReserveBytes } from '../pool/config-dataset.ts'

/**
 * Properties of the top dataset, and so of all below unless they have their own. lz4 costs next to nothing and gives up
 * early on what does not shrink; devices of guests are no devices of the host.
 */
export const topProperties = ['compression=lz4', 'atime=off', 'xattr=sa', 'acltype=posixacl', 'dnodesize=auto', 'devices=off'] as const

/** Asked for on standard input, at creation and at each import. */
export const encryptionProperties = ['encryption=aes-256-gcm', 'keyformat=passphrase', 'keylocation=prompt'] as const

const dataOnly = ['exec=off', 'setuid=off'] as const

const systemProperties: Record<keyof typeof systemDatasets, readonly string[]> = {
  config: [...dataOnly, `reservation=${configReserveBytes}`],
  var: ['setuid=off'],
  opt: [],
  usbkey: ['setuid=off'],
  cores: [...dataOnly, 'compression=zstd', 'recordsize=1M'],
  archive: [...dataOnly, 'compression=zstd', 'recordsize=1M'],
  // Kernels and squashfs: packed already.
  boot: [...dataOnly, 'compression=off', 'recordsize=1M'],
}

export interface SystemDataset {
  name: keyof typeof systemDatasets
  properties: string[]
}

/** The datasets of a system pool mounted at `mountpoint`; of `available` bytes a tenth, at least 1 GiB, may be core files. */
export function listSystemDatasets(mountpoint: string, available: number): SystemDataset[] {
  return (Object.keys(systemDatasets) as (keyof typeof systemDatasets)[]).map((name) => {
    const properties = [...systemProperties[name]]
    if (systemDatasets[name] !== `${mountpoint}/${name}`) properties.push(`mountpoint=${systemDatasets[name]}`)
    if (name === 'cores') properties.push(`quota=${Math.max(2 ** 30, Math.floor(available / 10))}`)
    return { name, properties }
  })
}
