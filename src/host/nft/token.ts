import { AppError } from '#contracts/errors.ts'

const forms = {
  link: /^[A-Za-z][A-Za-z0-9_.-]{0,14}$/,
  mac: /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/,
} as const

/** `text` when it is a link name or a lower-case MAC; else Internal. The last check before text goes into a batch for ip or nft. */
export function checkToken(form: keyof typeof forms, text: string): string {
  if (!forms[form].test(text)) throw new AppError('Internal', `"${text}" is no ${form === 'mac' ? 'MAC address' : 'link name'} that a nic can have.`)
  return text
}
