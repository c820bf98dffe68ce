/** Files of the boot loader: made by the image builder, kept in the image (`platformPaths.loader`) to be put on disks. */
export const loaderFiles = {
  /** UEFI: `EFI/BOOT/BOOTX64.EFI` of a boot file system. */
  efi: 'BOOTX64.EFI',
  /** BIOS: the first sector of a disk, and what the BIOS boot partition holds. */
  bootSector: 'boot.img',
  core: 'core.img',
  /** The menu; the same text everywhere. */
  menu: 'grub.cfg',
  /** For making an ISO only. */
  optical: 'eltorito.img',
  hybridSector: 'boot_hybrid.img',
} as const

/** Files of a boot file system, beside its platform directories and `environmentFile` of names.ts. */
export const bootFileSystemFiles = {
  efi: 'EFI/BOOT/BOOTX64.EFI',
  menu: 'boot/grub/grub.cfg',
  /** Says the menu what kind of medium it is on. */
  medium: 'boot/grub/medium.cfg',
  /** The operator's; never written by us but as a copy of `operatorMenuFile`. */
  operator: 'boot/grub/custom.cfg',
} as const

/** The operator's variables for the menu; copied to every boot file system. */
export const operatorMenuFile = '/zones/boot/custom.cfg'

export type BootMedium = 'disk' | 'usb' | 'iso'

/** Text of `bootFileSystemFiles.medium`. */
export function renderMediumFile(medium: BootMedium): string {
  return `set spirula_medium=${medium}\n`
}
