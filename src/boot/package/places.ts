import { customPaths } from '#contracts/platform/custom.ts'

/** Where packages of the global zone are kept, on the pool. */
export const packagePlaces = {
  record: `${customPaths.packages}/packages.json`,
  /** The packages as they were fetched; apt's archive. */
  debs: `${customPaths.packages}/debs`,
  /** What sets of them come to unpacked, one directory a set. Made from debs whenever the one needed is not there. */
  trees: `${customPaths.packages}/trees`,
  /** What apt knows of its sources. */
  apt: `${customPaths.packages}/apt`,
} as const

/** Name under which systemd-sysext knows the tree, and where it looks for it. */
export const extension = 'spirula-packages'
export const extensionsDirectory = '/run/extensions'
export const extensionRelease = `usr/lib/extension-release.d/extension-release.${extension}`
/** Which packages a tree is made of; written last, so a tree without it is not whole. To be seen in /usr when the tree is merged into it. */
export const extensionKey = 'usr/lib/spirula/packages.key'

export const dpkgStatus = '/var/lib/dpkg/status'
