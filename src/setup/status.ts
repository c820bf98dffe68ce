import type { NodeClient } from '#client/node-client.ts'

/** The part of `GET /status` that is shown. */
interface NodeStatus {
  pid: number
  version: string
  started_at: string
  rss_bytes: number
  pool: { name: string; kind: string; mountpoint: string; size_bytes: number; used_bytes: number }
  machines: { total: number; running: number; failed: number }
  images: number
  operations: number
  problems: string[]
}

export async function readStatusText(node: NodeClient): Promise<string> {
  return renderStatus(await node.json<NodeStatus>('node.status'))
}

/** Lines for people; scripts ask `GET /status`. */
export function renderStatus(status: NodeStatus): string {
  const { pool, machines } = status
  const rows = [
    ['daemon', `running, process ${status.pid}, version ${status.version}, since ${status.started_at}, ${mib(status.rss_bytes)} MiB`],
    ['pool', `${pool.name} (${pool.kind}) at ${pool.mountpoint}, ${gib(pool.used_bytes)} of ${gib(pool.size_bytes)} GiB used`],
    ['machines', `${machines.total}, ${machines.running} running, ${machines.failed} failed`],
    ['images', String(status.images)],
    ['operations', `${status.operations} under way`],
    ...status.problems.map((problem): [string, string] => ['problem', problem]),
  ] as const
  return rows.map(([title, text]) => `${title.padEnd(12)}${text}\n`).join('')
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0)
}

function gib(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(1)
}
