import { parseArgs } from 'node:util'
import { startDaemon } from './daemon.ts'

const { values } = parseArgs({
  options: {
    'pool': { type: 'string', default: 'zones' },
    'mountpoint': { type: 'string' },
    'backing-dir': { type: 'string', default: '/var/lib/spirula' },
    'pool-size': { type: 'string', default: String(20 * 2 ** 30) },
    'run-dir': { type: 'string', default: '/run/spirula' },
    'native-dir': { type: 'string' },
    'cgroup-parent': { type: 'string', default: 'spirula' },
    'datacenter-name': { type: 'string' },
    'platform': { type: 'string' },
    'nic-tags': { type: 'string' },
    'log-level': { type: 'string', default: 'info' },
  },
})

if (values['native-dir'] === undefined) {
  process.stderr.write('spirulad: --native-dir is missing: the directory of the built native programs\n')
  process.exit(2)
}

const daemon = await startDaemon({
  pool: values.pool,
  mountpoint: values.mountpoint ?? `/${values.pool}`,
  backingDir: values['backing-dir'],
  poolSizeBytes: Number(values['pool-size']),
  runDir: values['run-dir'],
  nativeDir: values['native-dir'],
  cgroupParent: values['cgroup-parent'],
  datacenterName: values['datacenter-name'],
  platform: values['platform'],
  declaredTags: values['nic-tags'],
  logLevel: values['log-level'],
}).catch((error: unknown) => {
  process.stderr.write(`spirulad: ${renderChain(error)}\n`)
  process.exit(1)
})

let closing = false
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (closing) return
    closing = true
    // Zones go on; only the daemon ends, when its operations have.
    void daemon.close().finally(() => process.exit(0))
  })
}

/** The sentence, then each cause on its own line: what `spirula up` shows when the daemon does not start. */
function renderChain(error: unknown): string {
  const lines: string[] = []
  for (let cause = error; cause instanceof Error && lines.length < 10; cause = cause.cause) lines.push(cause.message)
  const hint = error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? [`hint: ${error.hint}`] : []
  return [...lines, ...hint].join('\n  ')
}
