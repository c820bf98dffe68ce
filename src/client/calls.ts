/**
 * The routes of the node's API by id, without their schemas: the command line tools must start in a few
 * milliseconds, and loading zod alone would cost more than everything else they do.
 * `calls.test.ts` holds this table to `contracts/machine/routes.ts` and `contracts/node/routes.ts`.
 */
export const calls = {
  'machine.list': 'GET /machines',
  'machine.get': 'GET /machines/:name',
  'machine.create': 'POST /machines',
  'machine.validate_create': 'POST /validate/create',
  'machine.validate_update': 'POST /validate/update/:brand',
  'machine.update': 'PATCH /machines/:name',
  'machine.delete': 'DELETE /machines/:name',
  'machine.start': 'POST /machines/:name/start',
  'machine.stop': 'POST /machines/:name/stop',
  'machine.reboot': 'POST /machines/:name/reboot',
  'machine.kill': 'POST /machines/:name/kill',
  'machine.reprovision': 'POST /machines/:name/reprovision',
  'machine.info': 'GET /machines/:name/info',
  'machine.enter': 'POST /machines/:name/enter',
  'machine.console': 'GET /machines/:name/console',
  'machine.send': 'POST /machines/:name/send',
  'machine.receive': 'POST /receive',
  'machine.install': 'POST /machines/:name/install',
  'snapshot.create': 'POST /machines/:name/snapshots',
  'snapshot.rollback': 'POST /machines/:name/snapshots/:snapshot/rollback',
  'snapshot.delete': 'DELETE /machines/:name/snapshots/:snapshot',
  'event.follow': 'GET /events',
  'node.ping': 'GET /ping',
  'node.status': 'GET /status',
  'node.stop_all': 'POST /stop_all',
  'node.sysinfo': 'GET /sysinfo',
  'operation.list': 'GET /operations',
  'operation.get': 'GET /operations/:id',
  'operation.follow': 'GET /operations/:id/events',
  'operation.cancel': 'POST /operations/:id/cancel',
  'image.list': 'GET /images',
  'image.get': 'GET /images/:uuid',
  'image.install': 'POST /images',
  'image.delete': 'DELETE /images/:uuid',
  'nic_tag.list': 'GET /nic_tags',
  'nic_tag.create': 'POST /nic_tags',
  'nic_tag.delete': 'DELETE /nic_tags/:name',
  'nic_tag.machines': 'GET /nic_tags/:name/machines',
} as const satisfies Record<string, `${'GET' | 'POST' | 'PATCH' | 'DELETE'} /${string}`>

export type CallId = keyof typeof calls

export type QueryValue = string | number | boolean | readonly string[] | undefined

/** What goes into the path and behind the question mark. `undefined` leaves a query key out. */
export interface CallTarget {
  params?: Readonly<Record<string, string>>
  query?: Readonly<Record<string, QueryValue>>
}

/** The method and the request path of a call, all parts percent-encoded. */
export function renderCall(id: CallId, target: CallTarget = {}): { method: string; path: string } {
  const [method = '', template = ''] = calls[id].split(' ')
  const path = template.replace(/:([a-z_]+)/g, (_, name: string) => encodeURIComponent(target.params?.[name] ?? ''))
  const query = renderQuery(target.query ?? {})
  return { method, path: query === '' ? path : `${path}?${query}` }
}

function renderQuery(query: Readonly<Record<string, QueryValue>>): string {
  const pairs: string[] = []
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue
    const values = typeof value === 'object' ? value : [String(value)]
    for (const one of values) pairs.push(`${encodeURIComponent(key)}=${encodeURIComponent(one)}`)
  }
  return pairs.join('&')
}
