import type { InstallPlatform } from './effects.ts'

/** Joined by the owner of src/host/boot: null = this build cannot put the platform on disks, and the question is not asked. */
export const installPlatform: InstallPlatform | null = null
