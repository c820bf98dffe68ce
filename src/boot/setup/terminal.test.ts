import assert from 'node:assert/strict'
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { testKey } from '#plan/setup/facts.fixture.ts'
import { createVirtualTerminal, type VirtualTerminal } from './virtual-terminal.suite.ts'

const size = { columns: 80, rows: 24 }
const program = fileURLToPath(import.meta.resolve('./trial.fixture.ts'))

/** The dialogue on a real pseudo-terminal that says no size, as a serial console; its other end is in our hands. */
class Person implements AsyncDisposable {
  readonly terminal: VirtualTerminal = createVirtualTerminal(size, { strict: false })
  readonly directory = mkdtempSync(join(tmpdir(), 'setup-'))
  readonly ended: Promise<unknown>
  private readonly child: ChildProcessWithoutNullStreams
  private wake: () => void = () => {}

  constructor(...args: string[]) {
    const command = [process.execPath, program, this.resultPath, ...args].join(' ')
    this.child = spawn('script', ['-qec', command, '/dev/null'], { detached: true })
    this.ended = new Promise((resolve) => this.child.on('close', resolve))
    // The dialogue may end while its terminal still answers it.
    this.child.stdin.on('error', () => {})
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.terminal.write(text)
      const reply = this.terminal.takeReply()
      if (reply !== '') this.child.stdin.write(reply)
      this.wake()
    })
  }

  get resultPath(): string {
    return join(this.directory, 'result.json')
  }

  result(): { end: string; files: Record<string, string>; done: string[] } {
    return JSON.parse(readFileSync(this.resultPath, 'utf8'))
  }

  type(...keys: string[]): void {
    for (const key of keys) this.child.stdin.write(key)
  }

  /** Waits until the screen has it. */
  async sees(text: string): Promise<void> {
    await this.wait(() => this.terminal.text().includes(text), `"${text}" never came`)
  }

  /** Waits until the screen has it no more. */
  async misses(text: string): Promise<void> {
    await this.wait(() => !this.terminal.text().includes(text), `"${text}" stays`)
  }

  private async wait(isTrue: () => boolean, complaint: string): Promise<void> {
    const end = Date.now() + 20_000
    while (!isTrue()) {
      if (Date.now() > end) assert.fail(`${complaint}:\n${this.terminal.text()}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 200)
        this.wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  /** Answers: what the screen must say, and what is typed then. */
  async answers(...pairs: (readonly [string, string])[]): Promise<void> {
    for (const [text, keys] of pairs) {
      await this.sees(text)
      this.type(keys)
    }
  }

  /** The other end of the terminal is closed without a word. */
  hangUp(): void {
    this.child.kill('SIGKILL')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.pid !== undefined) {
      try {
        process.kill(-this.child.pid, 'SIGKILL')
      } catch {
        // It has ended already.
      }
    }
    await this.ended
    rmSync(this.directory, { recursive: true, force: true })
  }
}

const enter = '\r'
const wholeWay = [
  ['What shall this node be called?', `\x15node01${enter}`],
  ['Which port leads', enter],
  ['Which address', `\x1510.0.0.5/24${enter}`],
  ['Which gateway', enter],
  ['Which name servers', enter],
  ['Which domains', enter],
  ['take the time from', enter],
  ['Which disks', enter],
  ['put together', enter],
  ['boot from these disks', enter],
  ['Which password', `secret1${enter}`],
  ['same password again', `secret1${enter}`],
  ['Which ssh key', `\x1b[200~${testKey}\r\n\x1b[201~`],
  ['ED25519 SHA256:', enter],
  ['Is this right?', enter],
  ['Type yes', `yes${enter}`],
] as const

describe('on a real terminal', { timeout: 120_000 }, () => {
  test('the whole dialogue by keystrokes', async () => {
    await using person = new Person()
    await person.answers(...wholeWay)
    await person.ended
    const { end, files, done } = person.result()
    assert.equal(end, 'done')
    assert.match(
      files['/usbkey/config'] ?? '',
      /hostname=node01\nadmin_nic=52:54:00:12:34:57\nadmin_ip=10\.0\.0\.5\nadmin_netmask=255\.255\.255\.0\nheadnode_default_gateway=10\.0\.0\.1\n/,
    )
    assert.equal(files['/usbkey/authorized_keys'], `${testKey}\n`)
    assert.equal(done.length, 6)
  })

  test('a failure is told, the summary comes again, and the second time goes well', async () => {
    await using person = new Person('0', 'createPool')
    await person.answers(...wholeWay)
    await person.answers(['The disk sdb does not answer any', ''], ['Is this right?', enter], ['Type yes', `yes${enter}`])
    await person.ended
    assert.equal(person.result().end, 'done')
  })

  test('back with Escape, out to a shell and in again, nothing is lost', async () => {
    await using person = new Person()
    await person.answers(
      ['What shall this node', `\x15mine${enter}`],
      ['Which port', '\x1b'],
      ['> mine', '\x03'],
      ['Leave the set-up?', 's'],
      ['bash-', `echo a-$((20+22))${enter}`],
    )
    await person.answers(['a-42', `exit${enter}`], ['> mine', '\x03'], ['Leave the set-up?', 'x'], ['ended: left', ''])
    await person.ended
    assert.equal(person.result().end, 'left')
    assert.deepEqual(person.result().done, [])
  })

  test('what the kernel splashes into it goes away with Ctrl-L', async () => {
    await using person = new Person()
    await person.sees('What shall this node')
    person.terminal.write('\x1b[8;1H[ 1234.5678] usb 1-1: new device')
    assert.ok(person.terminal.text().includes('new device'))
    person.type('\x0c')
    await person.sees('Letters, digits')
    await person.misses('new device')
    await person.sees('What shall this node')
  })

  test('when the terminal goes away it ends', async () => {
    await using person = new Person()
    await person.sees('What shall this node')
    assert.equal(findPrograms(person.resultPath).length, 1)
    person.hangUp()
    await person.ended
    const end = Date.now() + 10_000
    while (findPrograms(person.resultPath).length > 0) {
      assert.ok(Date.now() < end, 'it still runs')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  })
})

/** Running dialogues that would write their result there. */
function findPrograms(resultPath: string): string[] {
  const isOne = (pid: string): boolean => {
    try {
      const [name = '', ...rest] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      return name.endsWith('node') && rest.includes(resultPath)
    } catch {
      return false
    }
  }
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isOne(name))
}
