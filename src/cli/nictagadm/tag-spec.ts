import { AppError } from '#contracts/errors.ts'
import type { NicTag } from '#contracts/network/address.ts'
import { usage } from '../parse-args.ts'

const defaultMtu = 1500
const properties = ['mac', 'mtu', 'host_address', 'nat']

export interface TagWords {
  name: string
  mac: string | undefined
  isEtherstub: boolean
  /** Words of `-p`: `mac=…,mtu=…`. */
  properties: readonly string[]
}

/** The nic tag that `nictagadm add` describes. Throws InvalidPayload for names and values it cannot have. */
export function parseTag(words: TagWords): NicTag {
  const given = parseProperties(words.properties)
  const mac = words.mac ?? given.get('mac')?.at(-1)
  if (words.isEtherstub && mac !== undefined) throw invalid('An etherstub has no MAC address.')
  checkName(words.name, words.isEtherstub)
  const hostAddresses = given.get('host_address')
  const nat = given.get('nat')?.at(-1)
  return {
    name: words.name,
    type: words.isEtherstub ? 'etherstub' : 'normal',
    mac: mac === undefined ? '-' : normaliseMac(mac),
    mtu: parseMtu(given.get('mtu')?.at(-1)),
    ...(hostAddresses === undefined ? {} : { host_addresses: hostAddresses }),
    ...(nat === undefined ? {} : { nat: parseBoolean('nat', nat) }),
  }
}

function parseProperties(texts: readonly string[]): Map<string, string[]> {
  const given = new Map<string, string[]>()
  for (const pair of texts.flatMap((text) => text.split(','))) {
    const equals = pair.indexOf('=')
    const key = pair.slice(0, Math.max(0, equals))
    if (!properties.includes(key)) throw usage(`Invalid property "${pair}": one of ${properties.join(', ')} with = and a value is expected.`)
    given.set(key, [...(given.get(key) ?? []), pair.slice(equals + 1)])
  }
  return given
}

function checkName(name: string, isEtherstub: boolean): void {
  if (!/^[A-Za-z0-9_]+$/.test(name)) throw invalid(`nic tag name "${name}" may have letters, digits and _ only.`)
  const longest = isEtherstub ? 31 : 30
  if (name.length > longest) throw invalid(`nic tag name "${name}" is longer than ${longest} characters.`)
  if (isEtherstub && !/[0-9]$/.test(name)) throw invalid(`etherstub name "${name}" must end in a digit.`)
}

/** Two lower-case digits a byte. */
function normaliseMac(mac: string): string {
  if (!/^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/i.test(mac)) throw invalid(`"${mac}" is not a MAC address.`)
  return mac
    .toLowerCase()
    .split(':')
    .map((byte) => byte.padStart(2, '0'))
    .join(':')
}

function parseMtu(text: string | undefined): number {
  if (text === undefined) return defaultMtu
  const mtu = Number(text)
  if (!/^[0-9]+$/.test(text) || mtu < 1500 || mtu > 9000) throw invalid(`mtu ${text} is not a number from 1500 to 9000.`)
  return mtu
}

function parseBoolean(key: string, text: string): boolean {
  if (text !== 'true' && text !== 'false') throw invalid(`${key} must be true or false, not "${text}".`)
  return text === 'true'
}

function invalid(message: string): AppError {
  return new AppError('InvalidPayload', message)
}
