import { bootArguments, stampPattern } from '#contracts/platform/names.ts'

/** What the kernel's command line asks of a boot. */
export interface BootArguments {
  /** Touch no pool. */
  noimport: boolean
  standby: boolean
  /** Of the image that was given up; null when there is none. */
  failedImage: string | null
  /** `disk`, `usb`, `iso`, `pxe`, or '' when the loader did not say. */
  medium: string
  /** Limit of the health check; null = the default. */
  healthTimeoutS: number | null
}

const no = new Set(['false', 'no', 'off', '0'])

/** Reads the words that the platform heeds out of the kernel's arguments; what is malformed counts as not given. */
export function parseBootArguments(parameters: Readonly<Record<string, string>>): BootArguments {
  const value = (name: string): string => (Object.hasOwn(parameters, name) ? parameters[name]! : '')
  const flag = (name: string): boolean => value(name) !== '' && !no.has(value(name).toLowerCase())
  const failed = value(bootArguments.failed)
  const timeout = value(bootArguments.healthTimeout)
  return {
    noimport: flag(bootArguments.noimport),
    standby: flag(bootArguments.standby),
    failedImage: stampPattern.test(failed) ? failed : null,
    medium: /^[a-z]{1,16}$/.test(value(bootArguments.medium)) ? value(bootArguments.medium) : '',
    healthTimeoutS: /^[1-9]\d{0,3}$/.test(timeout) ? Number(timeout) : null,
  }
}
