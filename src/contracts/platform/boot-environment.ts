/** What the boot menu is told on one boot file system (`environmentKeys` of names.ts). Stamps name images. */
export interface BootEnvironment {
  /** The next boot takes this one. */
  default?: string
  /** The last one whose health check passed; taken when `default` fails. */
  good?: string
  /** Boots that `default` has left to become good. Without meaning when it is the good one. */
  tries: number
  /** The image that was given up last. */
  failed?: string
}

/** The most boots the menu can count (platform/grub/grub.cfg). */
export const mostTries = 3
