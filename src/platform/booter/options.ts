import { parseArgs } from 'node:util'
import { AppError } from '#contracts/errors.ts'

export interface BooterOptions {
  do: 'serve' | 'check' | 'example' | 'help'
  /** Absolute or relative path of the configuration. */
  config: string
  /** Where the configuration and the leases of dnsmasq are kept. */
  state: string
  /** Address the HTTP server listens on. */
  listen: string
}

export const booterUsage = `usage: ./spirula platform booter [OPTION…]

Serves platform images to machines that boot from the network (PXE): DHCP and TFTP by dnsmasq, HTTP by itself, until
it is interrupted. What each machine gets stands in the configuration, by MAC address, and is read at each request.

  --config FILE   configuration (/etc/spirula/booter.json)
  --check         check the configuration, show what dnsmasq would be told, and end
  --example       print a configuration to begin with
  --listen ADDR   address that the HTTP server listens on (0.0.0.0)
  --state DIR     where leases are remembered (/var/lib/spirula/booter)
`

export const booterExample = `{
  "address": "10.0.0.2",
  "interface": "eth1",
  "platforms": "/srv/platforms",
  "dhcp": { "mode": "full", "first": "10.0.0.100", "last": "10.0.0.200", "netmask": "255.255.255.0" },
  "default": { "boot": "local" },
  "nodes": {
    "52:54:00:12:34:56": { "platform": "latest", "arguments": ["noimport=true"], "answers": { "hostname": "node1" } }
  }
}
`

/** Throws Usage. */
export function parseBooterOptions(words: readonly string[]): BooterOptions {
  const values = parseWords(words)
  const action = values.help ? 'help' : values.example ? 'example' : values.check ? 'check' : 'serve'
  return {
    do: action,
    config: values.config ?? '/etc/spirula/booter.json',
    state: values.state ?? '/var/lib/spirula/booter',
    listen: values.listen ?? '0.0.0.0',
  }
}

function parseWords(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        config: { type: 'string' },
        state: { type: 'string' },
        listen: { type: 'string' },
        check: { type: 'boolean' },
        example: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (cause) {
    throw new AppError('Usage', 'booter does not understand its options.', { cause, hint: './spirula platform booter --help' })
  }
}
