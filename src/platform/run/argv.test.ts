import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type GuestPlan, renderGuestArgv } from './argv.ts'

const plan: GuestPlan = {
  name: 'node-1',
  uuid: '00000000-0000-8000-8000-000000000001',
  memoryMiB: 3072,
  cpus: 2,
  accelerator: 'tcg',
  uefi: null,
  boot: { from: 'disk' },
  disks: [{ file: '/d/disk0.img', serial: 'one' }],
  nics: [],
  console: 'pipe',
  consoleLog: '/d/console.log',
  qmpSocket: '/d/qmp.sock',
}

/** Values of an option, in order. */
function valuesOf(changes: Partial<GuestPlan>, option: string): string[] {
  const argv = renderGuestArgv({ ...plan, ...changes })
  return argv.flatMap((word, at) => (word === option ? [argv[at + 1]!] : []))
}

test('nothing is in a machine but what the plan names', () => {
  const argv = renderGuestArgv(plan)
  assert.deepEqual(argv.slice(0, 3), ['-nodefaults', '-no-user-config', '-display'])
  assert.ok(!argv.includes('-netdev'))
  assert.deepEqual(valuesOf({}, '-device'), ['virtio-rng-pci', 'virtio-blk-pci,drive=disk0,serial=one,bootindex=0'])
})

test('emulation bounds its memory; KVM passes the processor through', () => {
  assert.deepEqual([...valuesOf({}, '-accel'), ...valuesOf({}, '-cpu')], ['tcg,thread=multi,tb-size=256', 'max'])
  assert.deepEqual([...valuesOf({ accelerator: 'kvm' }, '-accel'), ...valuesOf({ accelerator: 'kvm' }, '-cpu')], ['kvm', 'host'])
})

test('what a guest flushes is kept unless it may be lost', () => {
  const disks = [
    { file: '/a', serial: 'a' },
    { file: '/b', serial: 'b', cache: 'unsafe', snapshot: true, bus: 'nvme' },
    { file: '/c', serial: 'c', readOnly: true },
  ] as const
  assert.deepEqual(valuesOf({ disks, boot: { from: 'iso', file: '/x.iso' } }, '-drive').slice(1), [
    'if=none,id=disk0,format=raw,cache=writeback,discard=unmap,file=/a',
    'if=none,id=disk1,format=raw,cache=unsafe,discard=unmap,snapshot=on,file=/b',
    'if=none,id=disk2,format=raw,cache=writeback,discard=unmap,readonly=on,file=/c',
  ])
  assert.deepEqual(valuesOf({ disks }, '-device').slice(1), [
    'virtio-blk-pci,drive=disk0,serial=a,bootindex=0',
    'nvme,drive=disk1,serial=b,bootindex=1',
    'virtio-blk-pci,drive=disk2,serial=c,bootindex=2',
  ])
})

test('each medium is the first that is booted from, and disks then are not', () => {
  const devices = (boot: GuestPlan['boot']): string[] =>
    valuesOf({ boot, nics: [{ kind: 'user', mac: '52:54:00:00:00:01' }] }, '-device').filter((text) => text.includes('bootindex'))
  assert.deepEqual(devices({ from: 'iso', file: '/x.iso' }), ['ide-cd,drive=iso,bootindex=0'])
  assert.deepEqual(devices({ from: 'usb', file: '/x.img' }), ['usb-storage,drive=usb,removable=on,bootindex=0'])
  assert.deepEqual(devices({ from: 'pxe' }), ['virtio-net-pci,netdev=net0,mac=52:54:00:00:00:01,bootindex=0'])
  assert.deepEqual(devices({ from: 'pxe', by: 'firmware' }), ['virtio-net-pci,netdev=net0,mac=52:54:00:00:00:01,romfile=,bootindex=0'])
  assert.deepEqual(devices({ from: 'kernel', kernel: '/k', append: 'a b' }), [])
  assert.deepEqual(valuesOf({ boot: { from: 'kernel', kernel: '/k', archive: '/i', append: 'a b' } }, '-append'), ['a b'])
})

test('nics of each kind; a comma in a path is doubled', () => {
  const nics = [
    { kind: 'user', mac: 'm0', sshPort: 2022, tftp: '/a,b', bootFile: 'boot.ipxe' },
    { kind: 'hub', mac: 'm1', socket: '/hub.sock' },
    { kind: 'tap', mac: 'm2', interface: 'tap0' },
  ] as const
  assert.deepEqual(valuesOf({ nics }, '-netdev'), [
    'user,id=net0,hostfwd=tcp:127.0.0.1:2022-:22,tftp=/a,,b,bootfile=boot.ipxe',
    'stream,id=net1,server=off,addr.type=unix,addr.path=/hub.sock',
    'tap,id=net2,ifname=tap0,script=no,downscript=no',
  ])
})

test('on a terminal the console is shared with the monitor; else it is a pipe', () => {
  assert.match(valuesOf({ console: 'terminal' }, '-chardev')[0]!, /^stdio,id=console,signal=off,mux=on,.*logfile=\/d\/console\.log$/)
  assert.deepEqual(valuesOf({ console: 'terminal' }, '-mon'), ['chardev=console,mode=readline', 'chardev=qmp,mode=control'])
  assert.deepEqual(valuesOf({}, '-mon'), ['chardev=qmp,mode=control'])
})

test("UEFI firmware is read-only, its variables are the guest's own; answers are a floppy's file system", () => {
  const uefi = { code: '/code.fd', variables: '/vars.fd' }
  const drives = valuesOf({ uefi, answers: { directory: '/answers', label: 'SPIRULACFG' } }, '-drive')
  assert.equal(drives[0], 'if=pflash,unit=0,format=raw,readonly=on,file=/code.fd')
  assert.equal(drives[1], 'if=pflash,unit=1,format=raw,readonly=off,file=/vars.fd')
  assert.equal(drives.at(-1), 'if=none,id=answers,format=raw,readonly=on,file.driver=vvfat,file.floppy=on,file.dir=/answers,file.label=SPIRULACFG')
})
