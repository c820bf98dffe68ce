import { fstatSync } from 'node:fs'

/** Major number of /dev/null and its like (Documentation/admin-guide/devices.txt). */
const memoryDevices = 1

/** As isatty(3). What a glance can tell is no terminal does not load node:tty, which takes a tenth of a command's time. */
export function isTerminal(fd: number): boolean {
  try {
    const status = fstatSync(fd)
    if (!status.isCharacterDevice() || status.rdev >> 8 === memoryDevices) return false
  } catch {
    // EBADF: the descriptor is closed.
    return false
  }
  return process.getBuiltinModule('node:tty').isatty(fd)
}
