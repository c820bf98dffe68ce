import type { BooterConfig, BooterNode } from '#contracts/platform/booter.ts'
import { bootArguments } from '#contracts/platform/names.ts'
import { renderIpxe } from '../media/ipxe.ts'

export const defaultPort = 8080

/** What a machine is told: its own entry, else the default; null when there is neither. */
export function chooseNode(config: BooterConfig, mac: string): BooterNode | null {
  return config.nodes?.[mac] ?? config.default ?? null
}

export function renderBase(config: Pick<BooterConfig, 'address' | 'port'>): string {
  return `http://${config.address}:${config.port ?? defaultPort}`
}

/** The first script a machine gets: it tells us its address and gets the second. */
export function renderFirstScript(base: string): string {
  return [
    '#!ipxe',
    'isset ${net0/ip} || dhcp || goto failed',
    `chain ${base}/boot.ipxe?mac=\${net0/mac} || goto failed`,
    ':failed',
    'sleep 10',
    'reboot',
    '',
  ].join('\n')
}

/** The script that goes on to the next boot device of the machine. */
export function renderLocalScript(mac: string): string {
  return ['#!ipxe', `echo Spirula: ${mac} boots from its own disks`, 'exit', ''].join('\n')
}

/** The script that loads the platform, with the words of this node. Its paths are relative to the script's own address. */
export function renderNodeScript(node: BooterNode, { mac, stamp, base }: { mac: string; stamp: string; base: string }): string {
  const words = [...(node.answers === undefined ? [] : [`${bootArguments.answers}=${base}/answers/${mac}.json`]), ...(node.arguments ?? [])]
  const [head, ...rest] = renderIpxe(stamp, `${base}/`).split('\n')
  return [head, `set spirula-arguments ${words.join(' ')}`, ...rest].join('\n')
}
