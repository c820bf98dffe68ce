import { z } from 'zod'
import { AppError } from '#contracts/errors.ts'

/** The fields we use of `ip -j -d address show`; others are ignored. */
const link = z.object({
  ifname: z.string(),
  address: z.string().optional(),
  mtu: z.number(),
  link_type: z.string(),
  flags: z.array(z.string()),
  master: z.string().optional(),
  linkinfo: z
    .object({ info_kind: z.string().optional(), info_slave_kind: z.string().optional(), info_data: z.record(z.string(), z.unknown()).optional() })
    .optional(),
  addr_info: z
    .array(
      z.object({
        family: z.string().optional(),
        local: z.string().optional(),
        prefixlen: z.number().optional(),
        scope: z.string().optional(),
        label: z.string().optional(),
        dynamic: z.boolean().optional(),
      }),
    )
    .optional(),
})
export type Link = z.infer<typeof link>

const route = z.object({
  dst: z.string(),
  gateway: z.string().optional(),
  dev: z.string().optional(),
  protocol: z.string().optional(),
  metric: z.number().optional(),
  scope: z.string().optional(),
  prefsrc: z.string().optional(),
})
export type Route = z.infer<typeof route>

/** Links of `ip -j`; iproute2 prints `{}` for those it filtered out. */
export function parseLinks(text: string): Link[] {
  return parseArray(text).flatMap((entry) => (isEmpty(entry) ? [] : [parseOne(link, entry)]))
}

export function parseRoutes(text: string): Route[] {
  return parseArray(text).flatMap((entry) => (isEmpty(entry) ? [] : [parseOne(route, entry)]))
}

/** Global addresses of a link, CIDR; without link-local ones. */
export function globalAddresses(one: Link): string[] {
  return (one.addr_info ?? []).flatMap((info) => (info.local === undefined || info.scope !== 'global' ? [] : [`${info.local}/${info.prefixlen}`]))
}

function parseArray(text: string): unknown[] {
  return parseOne(z.array(z.unknown()), parseJson(text.trim() === '' ? '[]' : text))
}

function isEmpty(entry: unknown): boolean {
  return typeof entry === 'object' && entry !== null && Object.keys(entry).length === 0
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('CommandFailed', 'A network program printed something that is not JSON.', { cause })
  }
}

function parseOne<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (!result.success) throw new AppError('CommandFailed', 'A network program printed JSON of an unknown shape.', { cause: result.error })
  return result.data
}
