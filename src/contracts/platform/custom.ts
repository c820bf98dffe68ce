import { z } from 'zod'
import { AppError } from '../errors.ts'

/** Where the administrator's additions to the platform are declared, and where their larger parts lie; both on the pool. */
export const customPaths = {
  declaration: '/usbkey/custom.json',
  /** Files named by `source` must be below it. */
  directory: '/opt/custom',
  /** Units and drop-in directories; the second is where SmartOS keeps its services. Of two with one name the first counts. */
  units: ['/opt/custom/systemd', '/opt/custom/smf'],
  packages: '/opt/custom/packages',
  /** CustomReport of this boot. */
  report: '/run/spirula/custom.json',
} as const

/** More than this is no declaration. */
export const maxCustomBytes = 4 << 20

const packageName = z.string().regex(/^[a-z0-9][a-z0-9+.-]{1,100}$/, 'is not the name of a Debian package')
const line = z.string().regex(/^[\x20-\x7e]{1,1000}$/, 'must be one line of printable ASCII')
const key = z.string().regex(/^[\x20-\x7e\u00a0-\uffff]{20,16384}$/, 'must be one line: an ssh public key')
const accountName = z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'must begin with a small letter and have small letters, digits, _ and - only')
const path = z
  .string()
  .max(512)
  .regex(/^(\/[A-Za-z0-9_+@.:,-]+)+$/, 'must be an absolute path of plain characters')
  .refine((text) => !text.split('/').some((part) => part === '.' || part === '..'), 'must not have . or .. in it')
const unitName = z.string().regex(/^[A-Za-z0-9:_.@\\-]{1,240}\.(service|socket|timer|path|mount|automount|target|slice)$/, 'is not the name of a systemd unit')

/** A login of the global zone. There is no sudo here: who shall be root logs in as root. */
export const CustomUser = z.strictObject({
  name: accountName.describe('Login name; also the name of its group'),
  uid: z.number().int().min(200).max(59_999).describe('Number of the user and of its group: files on the pool keep it'),
  groups: z.array(accountName).max(32).default([]).describe('Further groups, which must exist on the platform'),
  shell: path.default('/bin/bash').describe('Login shell'),
  home: path.optional().describe('Home directory; /opt/home/NAME, on the pool, when not given'),
  password_hash: z
    .string()
    .regex(/^\$[0-9a-z]{1,8}\$[\x21-\x39\x3b-\x7e]{8,300}$/, 'must be a hash as `openssl passwd -6` prints it')
    .optional()
    .describe('Without one there is no password'),
  authorized_keys: z.array(key).max(100).default([]).describe('ssh public keys that may log in'),
})
export type CustomUser = z.infer<typeof CustomUser>

/** A file below /etc. Its text is here, or in a file on the pool. */
export const CustomFile = z
  .strictObject({
    path: path.describe('Below /etc'),
    content: z.string().max(65_536).optional().describe('The text'),
    source: path.optional().describe('In place of content: a file below /opt/custom with the text, at most 64 KiB'),
    mode: z
      .string()
      .regex(/^0?[0-7]{3}$/, 'must be three octal digits, such as 0644')
      .default('0644')
      .describe('Permissions; whoever may read it must not find a secret'),
  })
  .refine((file) => (file.content === undefined) !== (file.source === undefined), 'needs either content or source')
export type CustomFile = z.infer<typeof CustomFile>

export const CustomModule = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,60}$/, 'is not the name of a kernel module')
    .describe('As modprobe takes it'),
  options: z
    .array(z.string().regex(/^[A-Za-z0-9_.]+=[\x21-\x7e]{0,200}$/, 'must be PARAMETER=VALUE'))
    .max(16)
    .default([])
    .describe('Parameters'),
})
export type CustomModule = z.infer<typeof CustomModule>

/** `/usbkey/custom.json`: all that an administrator adds to the global zone. Applied at each boot, for nothing of the platform is on disk. */
export const Custom = z.strictObject({
  packages: z.array(packageName).max(200).default([]).describe('Debian packages; made available with `spirula-boot package add`'),
  package_sources: z.array(line).max(20).default([]).describe("Lines of an apt sources.list; without any the platform's own are used"),
  users: z.array(CustomUser).max(200).default([]).describe('Logins'),
  root_authorized_keys: z.array(key).max(100).default([]).describe('Further ssh public keys that may log in as root'),
  sysctl: z
    .record(z.string().regex(/^[a-z0-9_]+([./][A-Za-z0-9_.@/-]+)+$/, 'is not the name of a kernel setting'), z.union([line, z.number().int()]))
    .default({})
    .describe('Kernel settings, by name'),
  files: z.array(CustomFile).max(256).default([]).describe('Files below /etc'),
  kernel_modules: z.array(CustomModule).max(64).default([]).describe('Kernel modules to load'),
  systemd: z
    .strictObject({
      enable: z
        .array(unitName)
        .max(200)
        .default([])
        .describe('Units of the platform or of a package that shall run; those below /opt/custom/systemd do anyway'),
      disable: z.array(unitName).max(200).default([]).describe('Units that shall not'),
    })
    .default({ enable: [], disable: [] })
    .describe('Units'),
})
export type Custom = z.infer<typeof Custom>

/** What became of one declared thing. */
export const customStates = ['applied', 'failed', 'differs'] as const
export type CustomState = (typeof customStates)[number]

export interface CustomResult {
  /** `package`, `user`, `sysctl`, … */
  kind: string
  name: string
  state: CustomState
  /** A sentence, unless it is applied. */
  reason?: string
}

/** Contents of customPaths.report. */
export interface CustomReport {
  /** ISO 8601. */
  at: string
  /** The whole declaration was refused: why. */
  refused?: string
  results: CustomResult[]
}

/** The declaration that a text holds. InvalidPayload names each wrong value; InvalidJson says where the text is no JSON. */
export function parseCustom(text: string, name: string): Custom {
  const found = Custom.safeParse(parseJson(text, name))
  if (found.success) return found.data
  const details = found.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }))
  const first = details[0]!
  const more = details.length === 1 ? '' : ` (and ${details.length - 1} more)`
  throw new AppError('InvalidPayload', `The declaration ${name} cannot be used: ${first.path === '' ? 'it' : first.path}: ${first.message}${more}.`, {
    details,
  })
}

function parseJson(text: string, name: string): unknown {
  if (text.length > maxCustomBytes) throw new AppError('InvalidPayload', `The declaration ${name} is longer than ${maxCustomBytes} characters.`)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('InvalidJson', `The declaration ${name} is not JSON.`, { cause })
  }
}
