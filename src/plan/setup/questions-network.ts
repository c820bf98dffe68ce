import { parseCidr, networkOf, renderAddress } from '#lib/cidr.ts'
import { checkAdminAddress, checkDomains, checkGateway, checkHostname, checkHosts, checkResolvers } from './check-network.ts'
import type { SetupLink } from './facts.ts'
import type { Question, View } from './question.ts'
import { ok, wrong } from './verdict.ts'

export const networkQuestions: readonly Question[] = [
  {
    id: 'hostname',
    title: 'Host name',
    kind: 'text',
    prompt: () => 'What shall this node be called?',
    help: () => ['Letters, digits and -; a domain may follow: node01 or node01.example.com.'],
    applies: () => true,
    initial: (view) => proposeHostname(view.facts.links),
    check: checkHostname,
  },
  {
    id: 'admin_nic',
    title: 'Network port',
    kind: 'one',
    prompt: () => 'Which port leads to your network?',
    help: () => ['The admin network: where you reach this node. Plug a cable in or out to', 'see which port is which; the list follows.'],
    applies: (view) => view.facts.links.length > 0,
    initial: (view) => (view.facts.links.find((link) => link.carrier) ?? view.facts.links[0])?.mac ?? '',
    check: (text, view) => (view.facts.links.some((link) => link.mac === text) ? ok() : wrong('Choose one of the ports.')),
    headers: ['PORT', 'MAC ADDRESS', 'CABLE', 'DRIVER'],
    rows: (view) => view.facts.links.map((link) => ({ value: link.mac, cells: [link.name, link.mac, renderCarrier(link), link.driver] })),
    show: (text, view) => `${view.facts.links.find((link) => link.mac === text)?.name ?? 'unknown'} (${text})`,
  },
  {
    id: 'admin_ip',
    title: 'Address',
    kind: 'text',
    prompt: () => 'Which address shall it have?',
    help: () => ['dhcp to be given one, or an address with its prefix: 10.0.0.2/24.'],
    applies: hasLink,
    initial: () => 'dhcp',
    check: checkAdminAddress,
    show: (text) => (text === 'dhcp' ? 'given by DHCP' : text),
  },
  {
    id: 'headnode_default_gateway',
    title: 'Gateway',
    kind: 'text',
    prompt: () => 'Which gateway leads to the world?',
    help: () => ['The address of the router in the same network, or none.'],
    applies: isStatic,
    initial: (view) => proposeGateway(view.text('admin_ip')),
    check: (text, view) => checkGateway(text, view.text('admin_ip')),
  },
  {
    id: 'dns_resolvers',
    title: 'Name servers',
    kind: 'text',
    prompt: () => 'Which name servers shall it ask?',
    help: (view) => [isStatic(view) ? 'One to three addresses with commas between.' : 'Leave it empty to use those that DHCP names, or type addresses.'],
    applies: hasAddress,
    initial: (view) => (isStatic(view) ? '8.8.8.8, 8.8.4.4' : ''),
    check: (text, view) => checkResolvers(text, !isStatic(view) || view.text('headnode_default_gateway') === 'none'),
    show: (text, view) => text || (isStatic(view) ? 'none' : 'named by DHCP'),
  },
  {
    id: 'dns_search',
    title: 'Search domains',
    kind: 'text',
    prompt: () => 'Which domains shall short names be looked up in?',
    help: () => ['Such as example.com; leave it empty if you are not sure.'],
    applies: hasAddress,
    initial: () => '',
    check: checkDomains,
    show: (text) => text || 'none',
  },
  {
    id: 'ntp_host',
    title: 'Time servers',
    kind: 'text',
    prompt: () => 'Which servers shall it take the time from?',
    help: () => ['Names or addresses with commas between; empty: the clock is left to itself.'],
    applies: hasAddress,
    initial: () => '0.pool.ntp.org, 1.pool.ntp.org',
    check: checkHosts,
    show: (text) => text || 'none',
  },
]

function hasLink(view: View): boolean {
  return view.applies('admin_nic')
}

function hasAddress(view: View): boolean {
  return hasLink(view) && view.text('admin_ip') !== 'none'
}

function isStatic(view: View): boolean {
  return view.applies('admin_nic') && parseCidr(view.text('admin_ip')) !== null
}

/** The end of a MAC is different on every machine of a batch. */
function proposeHostname(links: readonly SetupLink[]): string {
  const tail = links[0]?.mac.split(':').slice(3).join('')
  return tail === undefined ? 'node01' : `node-${tail.toLowerCase()}`
}

function renderCarrier(link: SetupLink): string {
  if (!link.carrier) return 'no'
  if (link.speedMbps <= 0) return 'yes'
  return link.speedMbps >= 1000 ? `${link.speedMbps / 1000} Gbit/s` : `${link.speedMbps} Mbit/s`
}

/** Most routers have the first address of their network. */
function proposeGateway(address: string): string {
  const cidr = parseCidr(address)
  if (cidr === null || cidr.prefix > 30) return 'none'
  const first = { family: cidr.family, value: networkOf(cidr).value + 1n }
  return first.value === cidr.value ? 'none' : renderAddress(first)
}
