import { z } from 'zod'
import { Answers } from './answers.ts'
import { stampPattern } from './names.ts'

/**
 * `booter.json`: what `spirula platform booter` serves to machines that boot from the network, by the MAC address of
 * the nic they boot from. Read again at every request, but for `address`, `interface`, `port` and `dhcp`.
 */

const address = z.ipv4('must be an IPv4 address')
const host = z.union(
  [z.ipv4(), z.string().regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/)],
  'must be an IPv4 address or a host name',
)
const duration = z.string('must be a time such as 30m or 12h').regex(/^\d{1,4}[mh]$/, 'must be a time such as 30m or 12h')

/** A word of the kernel's command line. iPXE reads `$` as the start of a variable and some letters as ends of a command. */
const word = z
  .string('must be a word of the kernel command line')
  .max(200, 'must have at most 200 characters')
  .regex(/^[A-Za-z0-9_.,:/=+@%-]+$/, 'must be a word of letters, digits and _ . , : / = + @ % -')

/** What a node is told. */
export const BooterNode = z.strictObject({
  boot: z.enum(['platform', 'local'], 'must be platform or local').optional().describe('`platform` (the default), or `local`: go on to the next boot device'),
  platform: z
    .string('must be latest or the stamp of an image, such as 20261123T120000Z')
    .refine((value) => value === 'latest' || stampPattern.test(value), 'must be latest or the stamp of an image, such as 20261123T120000Z')
    .optional()
    .describe('Stamp of the image; `latest` unless told'),
  arguments: z.array(word, 'must be a list of words').max(50, 'must have at most 50 words').optional().describe('Added to the kernel command line'),
  answers: Answers.optional().describe('Answers for the first boot, served as /answers/MAC.json and named to the node'),
})
export type BooterNode = z.infer<typeof BooterNode>

const macKey = z.string().regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/, 'must be a MAC address in small letters, such as 52:54:00:12:34:56')

export const BooterDhcp = z.discriminatedUnion(
  'mode',
  [
    z
      .strictObject({
        mode: z.literal('full'),
        first: address.describe('First address given out'),
        last: address.describe('Last address given out'),
        netmask: address,
        router: address.optional().describe('Default route; none unless told'),
        resolvers: z.array(address, 'must be a list of IPv4 addresses').max(4, 'must have at most 4 addresses').optional(),
        lease: duration.optional().describe('1h unless told'),
      })
      .describe('This server gives out the addresses'),
    z
      .strictObject({ mode: z.literal('proxy'), network: address.describe('An address of the network on which another server gives out addresses') })
      .describe('Another server gives out addresses, this one adds what to boot'),
    z.strictObject({ mode: z.literal('none') }).describe('HTTP only: the site has a DHCP and TFTP server of its own that names our boot.ipxe'),
  ],
  'must have a mode: full, proxy or none',
)
export type BooterDhcp = z.infer<typeof BooterDhcp>

export const BooterConfig = z.strictObject({
  address: host.describe('Of this server, as the nodes see it'),
  interface: z
    .string('must be the name of a network interface')
    .regex(/^[A-Za-z0-9_.-]{1,15}$/, 'must be the name of a network interface')
    .optional()
    .describe('Where DHCP and TFTP are served; needed for modes full and proxy'),
  port: z.int('must be a port').min(1, 'must be a port').max(65_535, 'must be a port').optional().describe('Of the HTTP server; 8080 unless told'),
  platforms: z
    .string('must be an absolute path')
    .regex(/^\/[^\p{Cc}]*$/u, 'must be an absolute path')
    .describe('Directory with platform-STAMP directories'),
  dhcp: BooterDhcp,
  default: BooterNode.optional().describe('For machines that are not listed; without it they go on to their next boot device'),
  nodes: z.record(macKey, BooterNode, 'must be an object: MAC address → what the node is told').optional(),
})
export type BooterConfig = z.infer<typeof BooterConfig>

/** More than this is no configuration file. */
export const maxBooterConfigBytes = 4 << 20

/** Keys of each object of the file, by its path (`nodes.*` for any node), so that an unknown one can be answered with the nearest. */
export const booterKeys: Readonly<Record<string, readonly string[]>> = {
  '': Object.keys(BooterConfig.shape),
  'dhcp': [...new Set(BooterDhcp.options.flatMap((option) => Object.keys(option.shape)))],
  'default': Object.keys(BooterNode.shape),
  'nodes.*': Object.keys(BooterNode.shape),
  'default.answers': Object.keys(Answers.shape),
  'nodes.*.answers': Object.keys(Answers.shape),
}

/** A MAC address as this file and iPXE write it: small letters, colons; from `-` too. null when it is none. */
export function parseMac(text: string): string | null {
  const mac = text.toLowerCase().replaceAll('-', ':')
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac) ? mac : null
}
