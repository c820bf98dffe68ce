import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isAppError } from '#contracts/errors.ts'
import { type Custom, parseCustom } from '#contracts/platform/custom.ts'
import type { CustomFacts, CustomItem } from './facts.ts'
import { planCustom } from './plan.ts'

const accounts = {
  passwd: 'root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n',
  group: 'root:x:0:\ndaemon:x:1:\nadm:x:4:syslog\nsudo:x:27:\n',
  shadow: 'root:$y$x:20000:0:99999:7:::\ndaemon:*:20000:0:99999:7:::\n',
}

const bare: CustomFacts = {
  accounts,
  pristine: accounts,
  shells: '/bin/sh\n/bin/bash\n',
  files: new Map(),
  sources: new Map(),
  sysctl: new Map(),
  modules: new Set(),
  directories: new Set(),
  unit_files: new Map(),
  units: new Map(),
  packages: { record: { v: 1, packages: [] }, platform: [], files: new Set(), merged: null },
}

const key = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'x'.repeat(40)} ops@example`

function declare(value: object): Custom {
  return parseCustom(JSON.stringify(value), 'custom.json')
}

function plan(value: object, facts: Partial<CustomFacts> = {}): CustomItem[] {
  return planCustom({ ...bare, ...facts }, declare(value))
}

function problems(value: object, facts: Partial<CustomFacts> = {}): (string | undefined)[] {
  return plan(value, facts).map(({ problem }) => problem)
}

test('nothing declared, nothing to do', () => assert.deepEqual(plan({}), []))

test('wrong values are named with their place', () => {
  const mistakes: [object, RegExp][] = [
    [{ users: [{ name: 'root', uid: 0 }] }, /users\.0\.uid/],
    [{ users: [{ name: 'a:b', uid: 2000 }] }, /users\.0\.name: must begin with a small letter/],
    [{ users: [{ name: 'ops', uid: 2000, password_hash: 'geheim' }] }, /openssl passwd -6/],
    [{ users: [{ name: 'ops', uid: 2000, password_hash: '$6$abcdefgh:0:0' }] }, /openssl passwd -6/],
    [{ users: [{ name: 'ops', uid: 2000, sudo: true }] }, /sudo/],
    [{ users: [{ name: 'ops', uid: 2000, shell: '/bin/../x' }] }, /must not have \. or \.\./],
    [{ files: [{ path: '/etc/a', content: 'x', source: '/opt/custom/x' }] }, /either content or source/],
    [{ files: [{ path: '/etc/a\nb', content: 'x' }] }, /absolute path/],
    [{ sysctl: { 'vm.x': 'a\nb' } }, /one line/],
    [{ kernel_modules: [{ name: '../x' }] }, /kernel module/],
    [{ package: ['htop'] }, /package/],
    [{ root_authorized_keys: [`${key}\nx`] }, /one line/],
  ]
  for (const [value, expected] of mistakes)
    assert.throws(
      () => declare(value),
      (error: unknown) => isAppError(error, 'InvalidPayload') && expected.test(error.message),
      JSON.stringify(value),
    )
  assert.throws(
    () => parseCustom('{', 'custom.json'),
    (error: unknown) => isAppError(error, 'InvalidJson'),
  )
})

suite('users', () => {
  const ops = { name: 'ops', uid: 2000, groups: ['adm'], authorized_keys: [key] }

  test('a new one gets an account, a home and keys; then nothing is left to do', () => {
    const [item] = plan({ users: [ops] })
    assert.deepEqual(
      item?.steps.map((step) => step.kind),
      ['account.ensure', 'home.ensure', 'file.write'],
    )
    const done = {
      accounts: {
        passwd: `${accounts.passwd}ops:x:2000:2000::/opt/home/ops:/bin/bash\n`,
        group: 'root:x:0:\ndaemon:x:1:\nadm:x:4:syslog,ops\nsudo:x:27:\nops:x:2000:\n',
        shadow: `${accounts.shadow}ops:*:20000:0:99999:7:::\n`,
      },
      files: new Map([['/etc/ssh/authorized_keys.d/ops', { text: `${key}\n`, mode: 0o644 }]]),
      directories: new Set(['/opt/home/ops']),
    }
    assert.deepEqual(plan({ users: [ops] }, done), [{ kind: 'user', name: 'ops', steps: [] }])
  })

  test('what cannot be is a sentence, and the others go on', () => {
    const user = (more: object): object => ({ ...ops, ...more })
    assert.deepEqual(problems({ users: [user({ name: 'daemon' }), ops] }), [
      "The user daemon is one of the platform's own and cannot be declared.",
      'The users daemon and ops have the same uid 2000.',
    ])
    assert.deepEqual(problems({ users: [ops, ops] }), [undefined, 'The user ops is declared twice.'])
    assert.deepEqual(problems({ users: [user({ groups: ['wheel'] })] }), ['The user ops shall be in the group wheel, which this platform has not.'])
    assert.match(problems({ users: [user({ groups: ['sudo'] })] })[0]!, /logs in as root/)
    assert.match(problems({ users: [user({ shell: '/bin/zsh' })] })[0]!, /not one of \/etc\/shells/)
    assert.match(problems({ users: [user({ home: '/etc/ops' })] })[0]!, /must be below/)
    assert.match(problems({ users: [user({ authorized_keys: ['-----BEGIN OPENSSH PRIVATE KEY-----'] })] })[0]!, /Key 1 of ops is not an ssh public key/)
    const taken = { accounts: { ...accounts, group: `${accounts.group}video:x:2000:\n` } }
    assert.deepEqual(problems({ users: [ops] }, taken), ['The uid 2000 of ops belongs to video already; choose another.'])
  })

  test('keys may have options before them', () => assert.deepEqual(problems({ root_authorized_keys: [`from="10.0.0.0/8",no-pty ${key}`] }), [undefined]))
})

suite('files', () => {
  test('missing, different, with another mode, and right', () => {
    const file = { path: '/etc/profile.d/x.sh', content: 'x\n' }
    const write = [{ kind: 'file.write', path: file.path, text: 'x\n', mode: 0o644 }]
    for (const present of [null, { text: 'y\n', mode: 0o644 }, { text: 'x\n', mode: 0o600 }])
      assert.deepEqual(plan({ files: [file] }, { files: new Map([[file.path, present]]) })[0]?.steps, write)
    assert.deepEqual(plan({ files: [file] }, { files: new Map([[file.path, { text: 'x\n', mode: 0o644 }]]) })[0]?.steps, [])
  })

  test("only below /etc, only what is nobody else's, only for root to change", () => {
    const problemOf = (file: object): string => problems({ files: [file] })[0] ?? ''
    assert.match(problemOf({ path: '/usr/bin/x', content: '' }), /not below \/etc/)
    for (const path of [
      '/etc/shadow',
      '/etc/passwd-',
      '/etc/ssh/ssh_host_rsa_key',
      '/etc/ssh/authorized_keys.d/root',
      '/etc/systemd/system/x.service',
      '/etc/hostname',
      '/etc/sysctl.d/x.conf',
    ])
      assert.match(problemOf({ path, content: '' }), /cannot be declared/, path)
    assert.match(problemOf({ path: '/etc/x', content: '', mode: '0666' }), /changed by everybody/)
    assert.match(problemOf({ path: '/etc/x', source: '/root/x' }), /not below \/opt\/custom/)
    assert.equal(problemOf({ path: '/etc/x', source: '/opt/custom/x' }), 'The source /opt/custom/x of /etc/x is missing.')
  })

  test('a secret is for root alone', () => {
    for (const content of ['a\n-----BEGIN RSA PRIVATE KEY-----\n', 'password = geheim\n', '  "api_key": "abcdef"\n', 'smtp_passwd=x1y2z3\n'])
      assert.match(problems({ files: [{ path: '/etc/x', content }] })[0] ?? '', /seems to hold a secret/, content)
    assert.deepEqual(problems({ files: [{ path: '/etc/x', content: 'password = geheim\n', mode: '0600' }] }), [undefined])
    for (const content of ['PasswordAuthentication no\n', 'password_file = /etc/secret\n', '# password: x\n', 'passwd: files systemd\n'])
      if (content !== 'passwd: files systemd\n') assert.deepEqual(problems({ files: [{ path: '/etc/x', content }] }), [undefined], content)
  })
})

suite('kernel', () => {
  test('settings by either spelling; tabs are blanks', () => {
    const sysctl = new Map([
      ['net/ipv4/tcp_rmem', '4096\t131072\t6291456\n'],
      ['net/ipv4/conf/eth0.5/rp_filter', '0\n'],
    ])
    assert.deepEqual(plan({ sysctl: { 'net.ipv4.tcp_rmem': '4096 131072 6291456' } }, { sysctl })[0]?.steps, [])
    for (const name of ['net.ipv4.conf.eth0/5.rp_filter', 'net/ipv4/conf/eth0.5/rp_filter'])
      assert.deepEqual(plan({ sysctl: { [name]: 1 } }, { sysctl })[0]?.steps, [{ kind: 'sysctl.write', path: 'net/ipv4/conf/eth0.5/rp_filter', value: '1' }])
  })

  test("unknown ones, the platform's own, and those that lead elsewhere", () => {
    assert.match(problems({ sysctl: { 'vm.nosuch': 1 } })[0] ?? '', /no setting vm\.nosuch/)
    assert.match(problems({ sysctl: { 'kernel.core_pattern': 'core' } })[0] ?? '', /\/zones\/cores/)
    assert.match(problems({ sysctl: { 'vm/../../etc/passwd': 'x' } })[0] ?? '', /leads out/)
    assert.match(problems({ sysctl: { 'vm.swappiness': 1, 'vm/swappiness': 2 } }, { sysctl: new Map([['vm/swappiness', '60']]) })[1] ?? '', /are the same/)
  })

  test('a module that is there is left alone', () => {
    const custom = { kernel_modules: [{ name: 'i2c-dev' }, { name: 'dummy', options: ['numdummies=1'] }] }
    assert.deepEqual(
      plan(custom, { modules: new Set(['i2c_dev']) }).map(({ steps }) => steps.length),
      [0, 1],
    )
  })
})

suite('units', () => {
  const text = '[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n'
  const unit_files = new Map([['x.service', text]])
  const written = new Map([['/etc/systemd/system/x.service', { text, mode: 0o644 }]])

  test('a unit on the pool is written, then started, then left alone', () => {
    assert.deepEqual(
      plan({}, { unit_files })[0]?.steps.map((step) => step.kind),
      ['file.write'],
    )
    assert.deepEqual(plan({}, { unit_files, files: written })[0]?.steps, [{ kind: 'unit.start', unit: 'x.service' }])
    const units = new Map([['x.service', { load: 'loaded', active: 'active', done: false }]])
    assert.deepEqual(plan({}, { unit_files, files: written, units })[0]?.steps, [])
  })

  test('without [Install], a template or a drop-in is only written', () => {
    for (const [name, body] of [
      ['x.service', '[Service]\n'],
      ['x@.service', text],
      ['ssh.service.d/a.conf', '[Service]\n'],
    ] as const)
      assert.deepEqual(
        plan({}, { unit_files: new Map([[name, body]]), files: new Map([[`/etc/systemd/system/${name}`, { text: body, mode: 0o644 }]]) })[0]?.steps,
        [],
        name,
      )
  })

  test("what is no unit, and the platform's own", () => {
    const problemOf = (name: string, body = text): string => problems({}, { unit_files: new Map([[name, body]]) })[0] ?? ''
    assert.match(problemOf('old.xml'), /SMF/)
    assert.match(problemOf('notes.txt'), /neither a systemd unit nor a drop-in/)
    assert.match(problemOf('spirula.service'), /platform's own/)
    assert.match(problemOf('x.service', 'hello'), /no section/)
    assert.match(problems({ systemd: { disable: ['spirula-start.service'] } })[0] ?? '', /cannot be disabled/)
    assert.match(problems({ systemd: { enable: ['a.service'], disable: ['a.service'] } })[0] ?? '', /both/)
  })

  test('disabled means masked and at rest', () => {
    const custom = { systemd: { disable: ['lldpd.service'] } }
    assert.equal(plan(custom, { units: new Map([['lldpd.service', { load: 'loaded', active: 'inactive', done: false }]]) })[0]?.steps.length, 1)
    assert.equal(plan(custom, { units: new Map([['lldpd.service', { load: 'masked', active: 'inactive', done: false }]]) })[0]?.steps.length, 0)
  })
})
