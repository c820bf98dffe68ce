import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A zone-like pair of user and network namespaces, held by a sleeping process. */
export interface LabZone {
  netns: string
  pid: number
  /** Runs a program as the zone's root in its namespaces; its output, also when it fails. */
  exec(...argv: string[]): { ok: boolean; output: string }
}

/** Everything a network test makes; `close` ends and removes it. */
export class NetworkLab {
  readonly runDir = mkdtempSync(join(tmpdir(), 'spirula-net-'))
  readonly #children: ChildProcess[] = []

  async createZone(): Promise<LabZone> {
    // Of the keeper's making as well: links heed no router advertisement unless told.
    const setUp = 'for key in accept_ra autoconf; do echo 0 >/proc/sys/net/ipv6/conf/default/$key; done; exec sleep 1000'
    const child = this.start('unshare', ['--user', '--map-root-user', '--net', '--', 'sh', '-c', setUp])
    await waitFor(() => readlinkSync(`/proc/${child.pid}/ns/net`) !== readlinkSync('/proc/self/ns/net') && isSleeping(child.pid!))
    // As the runtime has it: the files `net` and `user` side by side.
    const directory = join(this.runDir, `ns-${child.pid}`)
    mkdirSync(directory)
    for (const kind of ['net', 'user']) symlinkSync(`/proc/${child.pid}/ns/${kind}`, join(directory, kind))
    return { netns: join(directory, 'net'), pid: child.pid!, exec: (...argv) => attempt('nsenter', `--target=${child.pid}`, '--user', '--net', '--', ...argv) }
  }

  /** A namespace of the host's own user namespace: a router or a server outside. */
  async createOutside(): Promise<LabZone> {
    const child = this.start('unshare', ['--net', '--', 'sleep', '1000'])
    await waitFor(() => readlinkSync(`/proc/${child.pid}/ns/net`) !== readlinkSync('/proc/self/ns/net') && isSleeping(child.pid!))
    return { netns: `/proc/${child.pid}/ns/net`, pid: child.pid!, exec: (...argv) => attempt('nsenter', `--target=${child.pid}`, '--net', '--', ...argv) }
  }

  start(program: string, argv: string[]): ChildProcess {
    const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#children.push(child)
    return child
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL')
    rmSync(this.runDir, { recursive: true, force: true })
  }
}

/** A DHCP server on a zone's or router's link, without DNS; `options` name what it hands out. */
export function startDnsmasq(lab: NetworkLab, at: LabZone, link: string, options: readonly string[]): ChildProcess {
  const quiet = [
    '--user=root',
    '--conf-file=/dev/null',
    '--port=0',
    '--pid-file=',
    '--log-facility=/dev/null',
    `--dhcp-leasefile=${lab.runDir}/leases-${at.pid}`,
  ]
  const argv = ['dnsmasq', '--keep-in-foreground', '--bind-interfaces', `--interface=${link}`, ...quiet, ...options]
  return lab.start('nsenter', [`--target=${at.pid}`, '--net', '--', ...argv])
}

export function attempt(program: string, ...argv: string[]): { ok: boolean; output: string } {
  try {
    return { ok: true, output: execFileSync(program, argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 20_000 }) }
  } catch (error) {
    const failed = error as { stdout?: string; stderr?: string }
    return { ok: false, output: `${failed.stdout ?? ''}${failed.stderr ?? ''}` }
  }
}

export async function waitFor(condition: () => boolean | Promise<boolean>, timeoutMs = 8000): Promise<void> {
  const end = performance.now() + timeoutMs
  while (performance.now() < end) {
    if (await condition()) return
    await sleep(20)
  }
  throw new Error(`not so after ${timeoutMs} ms: ${condition}`)
}

function isSleeping(pid: number): boolean {
  return attempt('cat', `/proc/${pid}/comm`).output.trim() === 'sleep'
}
