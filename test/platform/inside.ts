import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runTool } from '../../tools/command.ts'
import { parsePlace, renderNamespaced } from '../harness/namespaced.ts'

// Runs inside a booted platform: `inside.ts FILE [PATTERN]` runs one host test file as tools/test-host.ts would,
// without the tests whose names match; prints what it printed.

const root = join(import.meta.dirname, '../..')
const fileLimitMs = 10 * 60_000
const [file = '', skip] = process.argv.slice(2)
const argv = [process.execPath, '--test', ...(skip === undefined ? [] : ['--test-skip-pattern', skip]), file]
const place = parsePlace(readFileSync(join(root, file), 'utf8'))
const { status, output } = await runTool(place === 'host' ? argv : renderNamespaced(argv), { cwd: root, timeoutMs: fileLimitMs })
process.stdout.write(output)
process.exitCode = status
