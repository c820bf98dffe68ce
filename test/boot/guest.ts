import { openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { runLanes, runTool } from '../../tools/command.ts'
import { parsePlace, renderNamespaced } from '../harness/namespaced.ts'

// Runs inside the booted machine: the host test files named on the kernel's command line, each as
// tools/test-host.ts would run it, and a JSON line of each outcome to the machine outside.

const root = join(import.meta.dirname, '../..')
const fileLimitMs = 7 * 60_000

function readWord(name: string): string[] {
  const words = readFileSync('/proc/cmdline', 'utf8').trim().split(' ')
  const text = words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? ''
  return text.split(',').filter((part) => part !== '')
}

const results = openSync('/dev/virtio-ports/results', 'w')
const report = (value: object): void => void writeSync(results, `${JSON.stringify(value)}\n`)

async function runFile(file: string): Promise<void> {
  const argv = [process.execPath, '--test', file]
  const place = parsePlace(readFileSync(join(root, file), 'utf8'))
  const outcome = await runTool(place === 'host' ? argv : renderNamespaced(argv), { cwd: root, timeoutMs: fileLimitMs })
  report({ file, ...outcome })
}

report({ booted_ms: Math.round(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000) })
await runLanes(readWord('spirula.files'), Number(readWord('spirula.lanes')[0] ?? 1), runFile)
