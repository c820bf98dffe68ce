import { z } from 'zod'
import { PoolLayout } from './layout.ts'

/** The value of any key that takes what the dialogue would propose, as in SmartOS. */
export const defaultAnswer = '<default>'

const line = z.string().max(1000)
const flag = z.union([z.boolean(), z.enum(['true', 'false', 'yes', 'no', 'y', 'n'])])
const diskName = z.string().min(1).max(200)
/**
 * `answers.json`: answers to the questions of the first boot, under the names of SmartOS where it has one. All are
 * optional: what is not answered is asked. Forms only; whether a value fits this machine is checked with its facts (src/plan/setup).
 */
export const Answers = z.strictObject({
  hostname: line.optional().describe('Name of the node'),
  admin_nic: line.optional().describe('MAC or name of the link that carries the admin network'),
  admin_ip: line.optional().describe('`dhcp`, `none`, or an IPv4 address; with /PREFIX admin_netmask is not needed'),
  admin_netmask: line.optional().describe('Netmask of admin_ip, such as 255.255.255.0'),
  headnode_default_gateway: line.optional().describe('Default route: an IPv4 address or `none`'),
  dns_resolver1: line.optional().describe('First name server'),
  dns_resolver2: line.optional().describe('Second name server'),
  dns_resolvers: z
    .union([line, z.array(line).max(8)])
    .optional()
    .describe('Ours: all name servers at once, a list or with commas between'),
  dns_domain: line.optional().describe('Domain of the node'),
  dns_search: line.optional().describe('Domains searched, with commas between'),
  ntp_host: line.optional().describe('Time servers, with commas between'),
  pool: line.optional().describe('Ours: name of an existing pool that becomes the pool of this node, with all that is on it'),
  zpool_layout: z.union([line, PoolLayout]).optional().describe('`default`, `single`, `mirror`, `raidz1` to `raidz3`, or an object as `disklayout` prints it'),
  disks: z.array(diskName).min(1).max(1000).optional().describe('Ours: the disks of the new pool, by name, path or serial number; else disklayout chooses'),
  wipe_pools: z.array(line).max(100).optional().describe('Ours: names of existing pools that may be destroyed; a disk of any other pool is never touched'),
  bootpool: line.optional().describe('`zones` puts the platform on the disks of the new pool, so that the machine boots from them; `none` does not'),
  root_password: line.optional().describe("Root's password"),
  root_shadow: line.optional().describe("Ours: hash of root's password in place of root_password"),
  root_authorized_keys: z
    .union([line, z.array(z.string().max(16_384)).max(100)])
    .optional()
    .describe('Ours: ssh public keys that may log in as root'),
  skip_final_summary: flag.optional().describe('With everything answered: the summary is not shown'),
  skip_final_confirm: flag.optional().describe('With everything answered: nothing is asked, the node is set up at once'),
  // What SmartOS knows and has nothing to say here; accepted so that its files work.
  config_console: z.unknown().optional().describe('No effect'),
  skip_instructions: z.unknown().optional().describe('No effect'),
  simple_headers: z.unknown().optional().describe('No effect'),
  skip_ntp_check: z.unknown().optional().describe('No effect: the clock is set by chrony when a server answers'),
  zpool_confirm_layout: z.unknown().optional().describe('No effect: the layout is in the summary'),
  install_pkgsrc: z.unknown().optional().describe('No effect'),
  pisource: z.unknown().optional().describe('No effect: the platform that runs is the one installed'),
})
export type Answers = z.infer<typeof Answers>

/** More than this is no answers file. */
export const maxAnswersBytes = 256 * 1024

export const answerKeys: readonly string[] = Object.keys(Answers.shape)

/** The value of a flag as it may be written; false when it is not there. */
export function isFlagSet(value: Answers['skip_final_confirm']): boolean {
  return value === true || value === 'true' || value === 'yes' || value === 'y'
}
