/** The bytes of probe.S, which says how they are made. */
const code = `
  fab052e6e92e660f011608010f20c00c010f22c066ea1c00ffff080066b810008ed88ec08ed0bc00800000b050e6e9fcbf0010000031c0b900100000
  f3abc7050010000003200000c7050020000003300000c7051820000003400000c7050030000083000000c705f84f00008300e0ff0f20e083c8200f22
  e0b8001000000f22d8b9800000c00f320d000100000f300f20c00d000000800f22c0eaa100ffff1800b04ce6e931c00fa283f807722bb80700000031
  c90fa2f7c300010000741ab9e803000041b801000000c4c271f7d0c4e37bf0d205ffc975f1b042e6e9b010e6f4f4ebfd0f1f40000000000000000000
  ffff0000009acf00ffff00000092cf00ffff0000009aaf001f00e800ffff
`

/** As large as the smallest firmware QEMU takes; it lies right below 4 GiB. */
const romSize = 65_536
/** Where a processor begins. */
const resetVector = 0xfff0

/** The firmware of the probe guest. */
export function renderProbeRom(): Buffer {
  const rom = Buffer.alloc(romSize, 0xf4) // hlt
  Buffer.from(code.replaceAll(/\s/g, ''), 'hex').copy(rom)
  // A near jump to the first byte; it counts from the instruction behind it.
  rom.writeUInt8(0xe9, resetVector)
  rom.writeUInt16LE(romSize - (resetVector + 3), resetVector + 1)
  return rom
}
