// namespaces: host
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'

// Needs the real host: the kernel starts what core_pattern names outside of all namespaces.

const source = join(import.meta.dirname, '../../native')
const uuid = '0b1f6a52-7d44-4f0e-9a3c-2f6d0b6c1e11'
let base = ''
let program = ''

before(() => {
  base = mkdtempSync(join(tmpdir(), `spirula-core-${process.pid}-`))
  program = join(base, 'core-save')
  const parts = readdirSync(join(source, 'core-save')).filter((name) => name.endsWith('.c'))
  execFileSync('musl-gcc', [
    '-static',
    '-Os',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-o',
    program,
    join(source, 'core-save.c'),
    ...parts.map((name) => join(source, 'core-save', name)),
  ])
})
after(() => rmSync(base, { recursive: true, force: true }))

interface Rig {
  root: string
  proc: string
}

let rigs = 0

/** A directory for cores, and a /proc with one process, 42, that dumps in the group given. */
function makeRig(cgroup: string, status = 'Name:\tx\nCoreDumping:\t1\n'): Rig {
  rigs += 1
  const rig = { root: join(base, `cores-${rigs}`), proc: join(base, `proc-${rigs}`) }
  mkdirSync(rig.root)
  mkdirSync(join(rig.proc, '42/task/43'), { recursive: true })
  writeFileSync(join(rig.proc, '42/task/43/cgroup'), cgroup)
  writeFileSync(join(rig.proc, '42/task/43/status'), status)
  return rig
}

const inZone = `0::/spirula/${uuid}/init.scope\n`

/** Runs it as the kernel would, to its end. */
function save(rig: Rig, input: string | Buffer, options: { name?: string; flags?: string[]; time?: string } = {}): { status: number | null; says: string } {
  const flags = [`--root=${rig.root}`, `--proc=${rig.proc}`, '--any-fs', '--floor=0', ...(options.flags ?? [])]
  const { status, stderr } = spawnSync(program, [...flags, '42', '43', '11', options.time ?? '1700000000', options.name ?? 'nginx'], {
    input,
    maxBuffer: 1 << 28,
  })
  return { status, says: stderr.toString() }
}

function cores(rig: Rig, zone = uuid): string[] {
  try {
    return readdirSync(join(rig.root, zone)).toSorted()
  } catch {
    return []
  }
}

suite('whose core it is', () => {
  test('a process of a zone, for root alone', () => {
    const rig = makeRig(inZone)
    assert.deepEqual(save(rig, 'core').status, 0)
    assert.deepEqual(cores(rig), ['core.nginx.42.1700000000'])
    assert.equal(readFileSync(join(rig.root, uuid, 'core.nginx.42.1700000000'), 'utf8'), 'core')
    assert.equal(statSync(join(rig.root, uuid)).mode & 0o777, 0o700)
    assert.equal(statSync(join(rig.root, uuid, 'core.nginx.42.1700000000')).mode & 0o777, 0o600)
  })

  test('by any line of a host with several hierarchies', () => {
    const rig = makeRig(`3:cpu:/\n2:name=systemd:/spirula/${uuid}\n0::/\n`)
    save(rig, 'core')
    assert.equal(cores(rig).length, 1)
  })

  test('what a zone names its own groups does not count', () => {
    const other = '11111111-2222-3333-4444-555555555555'
    const rig = makeRig(`0::/spirula/${uuid}/x/spirula/${other}\n`)
    save(rig, 'core')
    assert.deepEqual(readdirSync(rig.root), [uuid])
  })

  for (const group of [
    '0::/system.slice/ssh.service\n',
    '0::/spirula\n',
    '0::/spirula/../etc\n',
    `0::/spirula/${uuid}x\n`,
    `0::/spirulax/${uuid}\n`,
    '0::/spirula/0B1F6A52-7D44-4F0E-9A3C-2F6D0B6C1E11\n',
  ])
    test(`no zone: ${group.trim()}`, () => {
      const rig = makeRig(group)
      assert.equal(save(rig, 'core').status, 0)
      assert.deepEqual(readdirSync(rig.root), ['global'])
    })

  test('a process that is not dying is not asked: its number may be another one', () => {
    const rig = makeRig(inZone, 'Name:\tx\nCoreDumping:\t0\n')
    assert.equal(save(rig, 'core').status, 1)
    assert.deepEqual(readdirSync(rig.root), [])
  })

  test('neither is one whose name pretends to', () => {
    const rig = makeRig(inZone, 'Name:\tCoreDumping:\\t1\nCoreDumping:\t0\n')
    assert.equal(save(rig, 'core').status, 1)
  })
})

suite('hostile input', () => {
  test('no name leads out of the directory or into the log', () => {
    const rig = makeRig(inZone)
    const { says } = save(rig, 'core', { name: '../../etc/x\n-\u001b[2J' })
    assert.deepEqual(cores(rig), ['core.______etc_x_-__2J.42.1700000000'])
    assert.match(says, /^core-save: [^\n]*\n$/)
    assert.ok(!says.includes('\u001b'))
    save(rig, 'core', { name: 'a'.repeat(300), time: '1700000001' })
    assert.equal(cores(rig)[1], `core.${'a'.repeat(32)}.42.1700000001`)
    save(rig, 'core', { name: '', time: '1700000002' })
    assert.equal(cores(rig)[0], 'core._.42.1700000002')
  })

  test('what is there already is not written over, nor followed', () => {
    const rig = makeRig(inZone)
    const victim = join(base, 'victim')
    writeFileSync(victim, 'dear')
    mkdirSync(join(rig.root, uuid))
    symlinkSync(victim, join(rig.root, uuid, 'core.nginx.42.1700000000'))
    symlinkSync(victim, join(rig.root, uuid, '.partial'))
    assert.equal(save(rig, 'core').status, 1)
    assert.equal(readFileSync(victim, 'utf8'), 'dear')
    const linked = makeRig(inZone)
    symlinkSync(base, join(linked.root, uuid))
    assert.equal(save(linked, 'core').status, 1)
  })

  test('words that are no numbers', () => {
    const rig = makeRig(inZone)
    for (const words of [
      ['x', '43', '11', '1'],
      ['42', '../43', '11', '1'],
      ['42', '43', '', '1'],
      ['42', '43', '11', '1/1'],
    ])
      assert.equal(spawnSync(program, [`--root=${rig.root}`, `--proc=${rig.proc}`, ...words, 'n'], { input: '' }).status, 64)
  })

  test('a zone that dies in a loop gets so many an hour, and its first ones stay', () => {
    const rig = makeRig(inZone)
    const outcomes = [0, 1, 2, 3].map((n) => save(rig, `core ${n}`, { time: `170000000${n}`, flags: ['--per-hour=2'] }))
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      [0, 0, 1, 1],
    )
    assert.match(outcomes[3]!.says, /too many cores/)
    assert.deepEqual(cores(rig), ['core.nginx.42.1700000000', 'core.nginx.42.1700000001'])
  })
})

suite('bounds', () => {
  const block = Buffer.alloc(64 << 10, 'x')

  test('one core: its beginning is kept', () => {
    const rig = makeRig(inZone)
    save(rig, Buffer.alloc(1 << 20, 'y'), { flags: ['--file-max=100000'] })
    assert.deepEqual(cores(rig), ['core.nginx.42.1700000000.cut'])
    assert.equal(statSync(join(rig.root, uuid, cores(rig)[0]!)).size, 100_000)
  })

  test('all of a zone: the oldest goes', () => {
    const rig = makeRig(inZone)
    for (const n of [1, 2, 3]) {
      save(rig, block, { time: `${n}`, flags: ['--zone-max=150000'] })
      utimesSync(join(rig.root, uuid, `core.nginx.42.${n}`), n, n)
    }
    assert.deepEqual(cores(rig), ['core.nginx.42.2', 'core.nginx.42.3'])
  })

  test('the node itself has a bound of its own', () => {
    const rig = makeRig('0::/system.slice\n')
    for (const n of [1, 2, 3]) {
      save(rig, block, { time: `${n}`, flags: ['--zone-max=1', '--global-max=150000'] })
      utimesSync(join(rig.root, 'global', `core.nginx.42.${n}`), n, n)
    }
    assert.deepEqual(cores(rig, 'global'), ['core.nginx.42.2', 'core.nginx.42.3'])
  })

  test('the pool keeps its floor', () => {
    const rig = makeRig(inZone)
    const { status, says } = save(rig, block, { flags: ['--floor=1000000000000000000'] })
    // A tenth of a file system is always asked for at most: this one has more than that free, or the test machine is full.
    assert.ok(status === 0 || /too full/.test(says))
  })

  test('nothing is kept in memory', () => {
    const rig = makeRig(inZone)
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', rig.root])
    try {
      const { status, stderr } = spawnSync(program, [`--root=${rig.root}`, `--proc=${rig.proc}`, '42', '43', '11', '1', 'n'], { input: 'core' })
      assert.equal(status, 1)
      assert.match(stderr.toString(), /no pool/)
      assert.deepEqual(readdirSync(rig.root), [])
    } finally {
      execFileSync('umount', [rig.root])
    }
  })

  test('zeros take no space and come back as zeros', () => {
    const rig = makeRig(inZone)
    const core = Buffer.concat([Buffer.from('head'), Buffer.alloc(40 << 20), Buffer.from('tail'), Buffer.alloc(10_000)])
    save(rig, core)
    const path = join(rig.root, uuid, 'core.nginx.42.1700000000')
    assert.ok(readFileSync(path).equals(core))
    assert.ok(statSync(path).blocks * 512 < 1 << 20)
  })

  test('a core that never ends lets the process go in time', async () => {
    const rig = makeRig(inZone)
    const started = performance.now()
    const child = spawn(program, [`--root=${rig.root}`, `--proc=${rig.proc}`, '--any-fs', '--floor=0', '--seconds=1', '42', '43', '11', '1', 'n'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    child.stdin.on('error', () => {})
    child.stdin.write('begun')
    const [status] = (await once(child, 'exit')) as [number]
    child.stdin.destroy()
    assert.equal(status, 1)
    assert.ok(performance.now() - started < 5000)
    assert.deepEqual(
      cores(rig).filter((name) => name.startsWith('core.')),
      [],
    )
    // What is left of it goes with the next one.
    save(rig, 'core')
    assert.deepEqual(cores(rig), ['core.nginx.42.1700000000'])
  })

  test('so does one whose zone is locked by another writer', async () => {
    const rig = makeRig(inZone)
    mkdirSync(join(rig.root, uuid))
    const holder = spawn('flock', [join(rig.root, uuid), 'sleep', '30'], { stdio: 'ignore', detached: true })
    try {
      const started = performance.now()
      const child = spawn(program, [`--root=${rig.root}`, `--proc=${rig.proc}`, '--any-fs', '--seconds=2', '42', '43', '11', '1', 'n'], {
        stdio: ['pipe', 'ignore', 'ignore'],
      })
      child.stdin.end(block)
      assert.deepEqual(await once(child, 'exit'), [1, null])
      assert.ok(performance.now() - started < 8000)
    } finally {
      process.kill(-holder.pid!, 'SIGKILL')
      await once(holder, 'exit')
    }
  })
})

suite('the kernel calls it', () => {
  const pattern = '/proc/sys/kernel/core_pattern'
  const limit = '/proc/sys/kernel/core_pipe_limit'
  const kept = new Map([pattern, limit].map((path) => [path, readFileSync(path, 'utf8')]))
  const writable = ((): boolean => {
    try {
      writeFileSync(limit, kept.get(limit)!)
      return true
    } catch {
      return false
    }
  })()
  const restore = (): void => {
    for (const [path, text] of kept) writeFileSync(path, text)
  }

  test('for a process of a zone and for one of the host', { skip: writable ? false : 'this machine does not let its core_pattern be changed' }, async () => {
    const root = join(base, 'real')
    mkdirSync(root)
    chmodSync(base, 0o755)
    // The kernel takes at most 127 characters.
    const wrapper = join(base, 'c')
    writeFileSync(wrapper, `#!/bin/sh\nexec ${program} --root=${root} --any-fs --floor=0 "$@"\n`, { mode: 0o755 })
    process.once('exit', restore)
    const group = unifiedGroup()
    try {
      writeFileSync(limit, '8')
      writeFileSync(pattern, `|${wrapper} %P %I %s %t %e`)
      await crash(null)
      await crash(group)
    } finally {
      restore()
      process.removeListener('exit', restore)
      rmdirSync(group)
    }
    for (const zone of [uuid, 'global']) {
      const name = await awaitCore(join(root, zone))
      assert.match(name, /^core\.sleep\.\d+\.\d+$/)
      assert.equal(
        readFileSync(join(root, zone, name))
          .subarray(0, 4)
          .toString('latin1'),
        '\u007fELF',
      )
    }
  })

  /** A group of a zone that does not exist; the parent is left to a node that may run here. */
  function unifiedGroup(): string {
    const mounts = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
    const unified = mounts.find(([, , type]) => type === 'cgroup2')![1]!
    const group = join(unified, 'spirula', uuid)
    mkdirSync(group, { recursive: true })
    return group
  }

  /** Its end is written while the process is gone already. */
  async function awaitCore(directory: string): Promise<string> {
    for (let tries = 0; ; tries += 1) {
      const names = readdirSync(directory)
      if (names.length === 1 && names[0] !== '.partial') return names[0]!
      assert.ok(tries < 100, `there is no core: ${names.join(' ')}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  async function crash(group: string | null): Promise<void> {
    const join_ = group === null ? ':' : `echo $$ > ${group}/cgroup.procs`
    const child = spawn('/bin/sh', ['-c', `${join_}; ulimit -c unlimited; exec sleep 60`], { stdio: 'ignore' })
    await new Promise((resolve) => setTimeout(resolve, 300))
    child.kill('SIGSEGV')
    await once(child, 'exit')
  }
})
