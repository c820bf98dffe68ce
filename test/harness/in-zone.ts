import { setTimeout as sleep } from 'node:timers/promises'
import { command } from '../bench/command.ts'
import type { TestNode } from './test-node.ts'

/** Runs a shell script in a zone, as `zlogin` would; gives what it printed, trimmed. Throws when it fails. */
export async function runInZone(node: TestNode, name: string, script: string): Promise<string> {
  const { argv } = await node.client.json<{ argv: string[] }>('machine.enter', {
    params: { name },
    json: { argv: ['/bin/sh', '-c', script], tty: false, env: {} },
  })
  return (await command(argv)).trim()
}

/** Asks again and again, for a minute at most. */
export async function waitFor(isDone: () => Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 60_000
  while (!(await isDone())) {
    if (performance.now() > end) throw new Error(`a minute was not enough for ${what}`)
    await sleep(100)
  }
}
