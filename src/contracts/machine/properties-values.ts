import { z } from 'zod'

/** Pieces of value schemas. A message beginning with `must` is shown after the path of the property. */

const maxText = 4096

export function integerSchema(min: number, max: number = Number.MAX_SAFE_INTEGER): z.ZodType<number> {
  const message = max === Number.MAX_SAFE_INTEGER ? `must be a whole number, at least ${min}` : `must be a whole number from ${min} to ${max}`
  return z.int(message).min(min, message).max(max, message)
}

export function booleanSchema(): z.ZodType<boolean> {
  return z.boolean('must be true or false')
}

/** One line of text without control characters. */
export function textSchema(maxLength: number = maxText): z.ZodType<string> {
  const message = `must be one line of text of 1 to ${maxLength} characters`
  return z.string(message).min(1, message).max(maxLength, message).regex(/^\P{Cc}*$/u, message)
}

export function patternSchema(pattern: RegExp, message: string): z.ZodType<string> {
  return z.string(message).regex(pattern, message)
}

export function choiceSchema<const Choices extends readonly [string, ...string[]]>(choices: Choices): z.ZodType<string> {
  return z.enum(choices, `must be one of ${choices.join(', ')}`)
}

/** 36 characters with dashes in their places; versions are not looked at, as in SmartOS. */
export function uuidSchema(): z.ZodType<string> {
  return patternSchema(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i, 'must be a UUID')
}

export function listSchema(item: z.ZodType, maxItems: number, what: string): z.ZodType<unknown[]> {
  return z.array(item, `must be a list of ${what}`).max(maxItems, `must have at most ${maxItems} items`)
}

export function powerOfTwoSchema(min: number, max: number): z.ZodType<number> {
  const message = `must be a power of two from ${min} to ${max}`
  return z.int(message).min(min, message).max(max, message).refine((value) => Number.isInteger(Math.log2(value)), message)
}

export function ipv4Schema(): z.ZodType<string> {
  return z.ipv4('must be an IPv4 address')
}

export function ipSchema(): z.ZodType<string> {
  return z.union([z.ipv4(), z.ipv6()], 'must be an IPv4 or IPv6 address')
}

/** An address alone or with a prefix. */
export function ipOrCidrSchema(): z.ZodType<string> {
  return z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], 'must be an IPv4 or IPv6 address or CIDR')
}

export function macSchema(): z.ZodType<string> {
  return patternSchema(/^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/i, 'must be a MAC address (six hex bytes with colons)')
}

/** Metadata: string, number or boolean values only. */
export function scalarMapSchema(): z.ZodType<Record<string, unknown>> {
  const value = z.union([z.string(), z.number(), z.boolean()], 'must be a string, number or boolean')
  return z.record(z.string(), value, 'must be an object of strings, numbers and booleans')
}

/** Absolute, without `..`. */
export function pathSchema(): z.ZodType<string> {
  return patternSchema(/^(?!.*(?:^|\/)\.\.(?:\/|$))\/[^\p{Cc}]{0,1023}$/u, 'must be an absolute path without ".."')
}
