import { AppError } from '#contracts/errors.ts'
import type { Context } from '#host/context.ts'
import { readTextFile, removeFile } from '#host/fs/atomic.ts'
import type { ExecOptions, ExecResult } from '#host/runtime.ts'
import { type RunOptions, run } from '../run/run.ts'
import { type ExecPlan, execArgv } from './argv.ts'
import { type RuntimeOptions, zonePaths } from './paths.ts'

/** Bytes of both outputs together. */
const maxOutput = 2 << 20
let serial = 0

/** Runs a program in a zone to its end. Timeout, Cancelled, or CommandFailed when it prints too much; then it is killed. */
export async function runInZone(options: RuntimeOptions, plan: ExecPlan, request: ExecOptions, context: Context): Promise<ExecResult> {
  serial += 1
  const pidFile = `${zonePaths(options.run_dir, plan.uuid).directory}/exec.${process.pid}.${serial}`
  const argv = execArgv(options, { ...plan, pid_file: pidFile })
  const runOptions: RunOptions = {
    timeoutMs: request.timeout_ms,
    maxBytes: maxOutput,
    okCodes: anyCode,
    // crun starts the program in a session of its own: killing crun is not enough.
    onKill: () => void killExecuted(plan.uuid, pidFile),
    ...(request.stdin === undefined ? {} : { input: request.stdin }),
  }
  try {
    const result = await run(argv, runOptions, context)
    if (result.exitCode === enterFailed && result.stderr.startsWith('keeper:'))
      throw new AppError('RuntimeFailed', `Nothing can be run in zone ${plan.uuid}.`, { cause: new Error(result.stderr.trim()) })
    return { exit_code: result.exitCode, stdout: result.stdout, stderr: result.stderr }
  } finally {
    await removeFile(pidFile, { durable: false })
  }
}

const enterFailed = 125
const anyCode = Array.from({ length: 256 }, (_, code) => code)

async function killExecuted(uuid: string, pidFile: string): Promise<void> {
  const pid = Number(await readTextFile(pidFile).catch(() => null))
  if (!(pid > 1)) return
  const groups = await readTextFile(`/proc/${pid}/cgroup`).catch(() => null)
  // The number may be another process's by now: only one of this zone is meant.
  if (groups?.includes(`/${uuid}`)) process.kill(pid, 'SIGKILL')
}
