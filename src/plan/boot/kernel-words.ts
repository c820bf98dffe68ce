import { bootArguments } from '#contracts/platform/names.ts'

/** Words that belong to one boot only: what the loader added, and what somebody asked for in the menu. */
const single = new Set<string>(['BOOT_IMAGE', 'initrd', bootArguments.failed, bootArguments.noimport, bootArguments.standby, bootArguments.medium])

/** The command line of a kernel that is started by the running one: the same words but those of that boot alone. */
export function planKernelWords(running: string, failed?: string): string {
  const kept = running.split(/\s+/).filter((word) => word !== '' && !single.has(word.split('=')[0]!))
  return [...kept, `${bootArguments.medium}=disk`, ...(failed === undefined ? [] : [`${bootArguments.failed}=${failed}`])].join(' ')
}
