import { stopAllMachines } from '../reconcile/stop-all.ts'
import type { Handler, Services } from './handler.ts'

export const nodeHandlers = {
  'node.ping': (_call, { version }) => ({ ping: 'pong', pid: process.pid, version }),
  'node.status': (call, services) => readStatus(call.signal, services),
  'node.stop_all': (call, { parts, operations }) => stopAllMachines((call.body as { timeout_s?: number }).timeout_s ?? 120, operations, parts),
  'node.sysinfo': (_call, { readSysinfo }) => readSysinfo(),
  'operation.list': (_call, { operations }) => operations.list(),
  'operation.get': (call, { operations }) => operations.get(call.params['id'] ?? ''),
  'operation.follow': (call, { operations }) => operations.follow(call.params['id'] ?? '', call.signal),
  'operation.cancel': (call, { operations }) => operations.cancel(call.params['id'] ?? ''),
} satisfies Record<string, Handler>

async function readStatus(signal: AbortSignal, { parts, operations, version, startedAt }: Services): Promise<object> {
  const { storage } = parts.host
  const usage = await storage.readUsage({ signal, log: parts.log, now: parts.now })
  const records = [...parts.machines.all()]
  return {
    pid: process.pid,
    version,
    started_at: startedAt.toISOString(),
    rss_bytes: process.memoryUsage.rss(),
    pool: { name: storage.pool, kind: storage.kind, mountpoint: storage.mountpoint, ...usage },
    machines: {
      total: records.length,
      running: records.filter((record) => parts.live.isRunning(record.uuid)).length,
      failed: records.filter((record) => record.internal.failed !== undefined).length,
    },
    images: parts.images.size(),
    operations: operations.list().filter((operation) => operation.finished_at === null).length,
    settled: parts.startup.settled,
    problems: [...parts.machines.problems(), ...parts.images.problems(), ...parts.startup.problems],
  }
}
