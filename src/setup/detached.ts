import { spawn } from 'node:child_process'
import { openSync, closeSync } from 'node:fs'
import { AppError } from '#contracts/errors.ts'
import { builtEnvironment } from '#host/run/run.ts'

export interface Started {
  pid: number
  /** Exit code or signal once it has ended; null while it runs. */
  ended: () => string | null
}

/**
 * Starts a daemon in a session of its own, both outputs appended to a file. Apart from `host/run`, whose
 * programs have no output that outlives us.
 */
export async function startLogged(argv: readonly string[], logFile: string): Promise<Started> {
  const log = openSync(logFile, 'a', 0o600)
  try {
    const child = spawn(argv[0]!, argv.slice(1), { cwd: '/', env: builtEnvironment, stdio: ['ignore', log, log], detached: true })
    let ended: string | null = null
    child.on('exit', (code, signal) => {
      ended = signal ?? `code ${code}`
    })
    await new Promise<void>((resolve, reject) => {
      child.on('spawn', resolve)
      child.on('error', (cause) => reject(new AppError('CommandFailed', 'The node daemon could not be started.', { cause })))
    })
    child.unref()
    return { pid: child.pid!, ended: () => ended }
  } finally {
    closeSync(log)
  }
}
