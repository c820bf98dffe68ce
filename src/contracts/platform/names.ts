/**
 * Names that the platform image, its boot loader, the programs that run at boot and piadm agree on.
 * The paths are those of a node that runs the platform.
 */

/** Volume label of every file system a platform can be booted from: USB, ISO, and the boot partition of each pool disk. */
export const bootLabel = 'SPIRULABOOT'

/** Volume label of a small disk (FAT or ISO 9660) that brings `answers.json` and nothing else. */
export const answersLabel = 'SPIRULACFG'

/** Directory of one platform image, on a boot file system and in the dataset `boot` of the pool: `platform-20261123T120000Z`. */
export function platformDirectory(stamp: string): string {
  return `platform-${stamp}`
}

/** UTC, to the second: when the image was built. Sorts as time does. */
export const stampPattern = /^\d{8}T\d{6}Z$/

/** Files of a platform image's directory. */
export const platformFiles = {
  kernel: 'vmlinuz',
  /** The initial RAM disk that holds the whole system. */
  archive: 'boot_archive',
  /** PlatformManifest. */
  manifest: 'manifest.json',
  /** CycloneDX. */
  sbom: 'sbom.cdx.json',
  /** `sha256sum` format, of all the others; written last: without it the directory is not whole. */
  checksums: 'SHA256SUMS',
} as const

/** The one file of a boot file system that is written in place: a GRUB environment block, 1024 bytes. */
export const environmentFile = 'boot/grub/grubenv'

/**
 * Variables of the environment block (src/plan/boot): the image that the next boot takes, the last one whose health
 * check passed, the boots left to the first before the second is taken in its place, and the image that was given up.
 */
export const environmentKeys = { default: 'spirula_default', good: 'spirula_good', tries: 'spirula_tries', failed: 'spirula_failed' } as const

/** Boots an image gets to become the good one. */
export const bootTries = 2

/** Words of the kernel's command line that the platform heeds; a flag is `name=true` or the name alone. */
export const bootArguments = {
  /** Rescue: no pool is imported, nothing is set up, root's password is the one of the image. */
  noimport: 'noimport',
  /** The pool is imported and its settings applied, but neither the daemon nor guests are started. */
  standby: 'standby',
  /** Where answers for the first boot are fetched: an http URL of a JSON file. */
  answers: 'answers',
  /** Set by the boot loader: the image that failed its health checks and in whose place this one was booted. */
  failed: 'spirula.failed',
  /** Set by the boot loader: what this boot came from: `disk`, `usb`, `iso`, `pxe`. */
  medium: 'spirula.medium',
  /** Set by the script of iPXE: the http address of the running image's directory, from where it can be put on disks. */
  image: 'spirula.image',
  /** Seconds after which a boot that is not healthy yet counts as bad; 300 unless told. */
  healthTimeout: 'spirula.health_timeout',
} as const

/** Datasets of the system pool that hold what lasts, with their mountpoints; the pool itself is at /zones. */
export const systemDatasets = {
  config: '/zones/config',
  var: '/zones/var',
  opt: '/opt',
  usbkey: '/usbkey',
  cores: '/zones/cores',
  archive: '/zones/archive',
  boot: '/zones/boot',
} as const

export const systemPool = 'zones'

export const platformPaths = {
  /** The image's own tree, read-only, as nobody can have changed it; the zone userland is its `usr`. */
  pristine: '/platform',
  /** PlatformManifest of the running image. */
  manifest: '/etc/spirula/platform.json',
  /** BootState: what came of the pool at this boot. */
  bootState: '/run/spirula/boot.json',
  /** Loader files for installing onto disks. */
  loader: '/usr/lib/spirula/loader',
  native: '/usr/lib/spirula/native',
  /** Guest images that are part of the platform: NAME.json beside NAME.tar.zst. */
  images: '/usr/lib/spirula/images',
  usbkeyConfig: '/usbkey/config',
} as const
