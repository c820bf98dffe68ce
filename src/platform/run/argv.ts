/** What the firmware of a guest starts. */
export type BootSource =
  /** QEMU loads it itself: no boot loader takes part. */
  | { from: 'kernel'; kernel: string; archive?: string; append: string }
  | { from: 'iso'; file: string }
  /** The image is written to: the node keeps its boot environment on it. */
  | { from: 'usb'; file: string }
  | { from: 'disk' }
  /** From the network of the first nic, by the network card's own iPXE, or by what the firmware has (UEFI only). */
  | { from: 'pxe'; by?: 'card' | 'firmware' }

export type GuestNic =
  /** QEMU's own network: 10.0.2.15 by DHCP, the host's loopback at 10.0.2.2; needs no rights. */
  | { kind: 'user'; mac: string; sshPort?: number; tftp?: string; bootFile?: string }
  /** A port of a hub (hub.ts), by its socket. */
  | { kind: 'hub'; mac: string; socket: string }
  /** A tap device that is there already. */
  | { kind: 'tap'; mac: string; interface: string }

export interface GuestDisk {
  /** A raw disk image, absolute. */
  file: string
  serial: string
  /** What the guest has flushed outlives a killed QEMU with `writeback`; `unsafe` is quicker. `writeback` unless told. */
  cache?: 'writeback' | 'unsafe'
  /** Writes are thrown away. */
  snapshot?: boolean
  readOnly?: boolean
  /** `virtio` unless told. */
  bus?: 'virtio' | 'nvme'
}

/** All that makes a virtual machine, as data. */
export interface GuestPlan {
  name: string
  uuid: string
  memoryMiB: number
  cpus: number
  accelerator: 'tcg' | 'kvm'
  /** UEFI firmware, and the file with its variables; null = BIOS. */
  uefi: { code: string; variables: string } | null
  boot: BootSource
  disks: readonly GuestDisk[]
  nics: readonly GuestNic[]
  /** A directory shown as a small FAT disk with the label. */
  answers?: { directory: string; label: string }
  /** Where the first serial port leads; `terminal` is QEMU's own console with Ctrl-a. */
  console: 'pipe' | 'terminal'
  /** Everything said on it is appended here. */
  consoleLog: string
  qmpSocket: string
  /** The guest ends where it would restart. */
  noReboot?: boolean
  /** Further words for QEMU. */
  extra?: readonly string[]
}

/** Arguments of qemu-system-x86_64 for a guest; what comes before them is the emulator's. */
export function renderGuestArgv(plan: GuestPlan): string[] {
  return [
    ['-nodefaults', '-no-user-config', '-display', 'none', '-name', plan.name, '-uuid', plan.uuid],
    ['-machine', renderMachine(plan), ...renderAccelerator(plan.accelerator), '-m', String(plan.memoryMiB), '-smp', String(plan.cpus)],
    ['-device', 'virtio-rng-pci'],
    plan.noReboot === true ? ['-no-reboot'] : [],
    renderFirmware(plan.uefi),
    renderConsole(plan),
    renderBoot(plan.boot),
    plan.disks.flatMap((disk, number) => renderDisk(disk, number, plan.boot.from === 'disk')),
    renderAnswers(plan.answers),
    plan.nics.flatMap((nic, number) => renderNic(nic, number, plan.boot)),
    plan.extra ?? [],
  ].flat()
}

/** With `graphics=off` what the BIOS and iPXE say goes to the serial port; GRUB writes there itself and would be seen twice. */
function renderMachine({ boot }: GuestPlan): string {
  return boot.from === 'pxe' ? 'q35,graphics=off' : 'q35'
}

/** `tb-size` bounds the memory for translated code, which else grows to half a gigabyte a guest. */
function renderAccelerator(accelerator: GuestPlan['accelerator']): string[] {
  return accelerator === 'kvm' ? ['-accel', 'kvm', '-cpu', 'host'] : ['-accel', 'tcg,thread=multi,tb-size=256', '-cpu', 'max']
}

function renderFirmware(uefi: GuestPlan['uefi']): string[] {
  if (uefi === null) return []
  const flash = (unit: number, file: string, readOnly: string): string[] => [
    '-drive',
    `if=pflash,unit=${unit},format=raw,readonly=${readOnly},file=${comma(file)}`,
  ]
  return [...flash(0, uefi.code, 'on'), ...flash(1, uefi.variables, 'off')]
}

function renderConsole({ console, consoleLog, qmpSocket }: GuestPlan): string[] {
  const own = console === 'terminal'
  return [
    ['-chardev', `stdio,id=console,signal=off,mux=${own ? 'on' : 'off'},logappend=on,logfile=${comma(consoleLog)}`],
    ['-serial', 'chardev:console', ...(own ? ['-mon', 'chardev=console,mode=readline'] : [])],
    ['-chardev', `socket,id=qmp,server=on,wait=off,path=${comma(qmpSocket)}`, '-mon', 'chardev=qmp,mode=control'],
  ].flat()
}

function renderBoot(boot: BootSource): string[] {
  switch (boot.from) {
    case 'kernel':
      return ['-kernel', boot.kernel, ...(boot.archive === undefined ? [] : ['-initrd', boot.archive]), '-append', boot.append]
    case 'iso':
      return ['-drive', `if=none,id=iso,format=raw,media=cdrom,readonly=on,file=${comma(boot.file)}`, '-device', 'ide-cd,drive=iso,bootindex=0']
    case 'usb':
      return [
        ['-drive', `if=none,id=usb,format=raw,cache=writeback,file=${comma(boot.file)}`],
        ['-device', 'qemu-xhci', '-device', 'usb-storage,drive=usb,removable=on,bootindex=0'],
      ].flat()
    case 'disk':
    case 'pxe':
      return []
  }
}

/** Of several disks each may be booted from, the first first: a node keeps its images on all. */
function renderDisk(disk: GuestDisk, number: number, boots: boolean): string[] {
  const mode = `${disk.snapshot === true ? ',snapshot=on' : ''}${disk.readOnly === true ? ',readonly=on' : ''}`
  const drive = `if=none,id=disk${number},format=raw,cache=${disk.cache ?? 'writeback'},discard=unmap${mode},file=${comma(disk.file)}`
  const device = disk.bus === 'nvme' ? 'nvme' : 'virtio-blk-pci'
  const bootIndex = boots ? `,bootindex=${number}` : ''
  return ['-drive', drive, '-device', `${device},drive=disk${number},serial=${disk.serial}${bootIndex}`]
}

/** QEMU makes a FAT file system of a directory, as large as a floppy disk's and without partitions; its label has at most 11 letters. */
function renderAnswers(answers: GuestPlan['answers']): string[] {
  if (answers === undefined) return []
  const drive = `if=none,id=answers,format=raw,readonly=on,file.driver=vvfat,file.floppy=on,file.dir=${comma(answers.directory)},file.label=${answers.label}`
  return ['-drive', drive, '-device', 'virtio-blk-pci,drive=answers,serial=answers']
}

function renderNic(nic: GuestNic, number: number, boot: BootSource): string[] {
  const isBootNic = boot.from === 'pxe' && number === 0
  // QEMU's own ROM, not one named here: only that one is fitted to the card. Other cards need none, and no file for it.
  const rom = isBootNic && boot.by !== 'firmware' ? '' : ',romfile='
  const device = `virtio-net-pci,netdev=net${number},mac=${nic.mac}${rom}${isBootNic ? ',bootindex=0' : ''}`
  return ['-netdev', renderNetdev(nic, number), '-device', device]
}

function renderNetdev(nic: GuestNic, number: number): string {
  switch (nic.kind) {
    case 'user': {
      const forward = nic.sshPort === undefined ? '' : `,hostfwd=tcp:127.0.0.1:${nic.sshPort}-:22`
      const tftp = nic.tftp === undefined ? '' : `,tftp=${comma(nic.tftp)}`
      const bootFile = nic.bootFile === undefined ? '' : `,bootfile=${comma(nic.bootFile)}`
      return `user,id=net${number}${forward}${tftp}${bootFile}`
    }
    case 'hub':
      return `stream,id=net${number},server=off,addr.type=unix,addr.path=${comma(nic.socket)}`
    case 'tap':
      return `tap,id=net${number},ifname=${nic.interface},script=no,downscript=no`
  }
}

/** In QEMU's options a comma is written twice. */
function comma(text: string): string {
  return text.replaceAll(',', ',,')
}
