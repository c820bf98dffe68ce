/** A tar archive of one file, for GRUB's memory disk. Same input, same bytes. */
export function renderTar(name: string, content: Uint8Array): Buffer {
  const head = Buffer.alloc(512)
  head.write(name, 0, 'latin1')
  head.write('0000644\0' + '0000000\0'.repeat(2), 100, 'latin1')
  head.write(`${content.length.toString(8).padStart(11, '0')}\0${'0'.repeat(11)}\0${' '.repeat(8)}0`, 124, 'latin1')
  head.write('ustar\u000000', 257, 'latin1')
  const sum = head.reduce((total, byte) => total + byte, 0)
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  const padding = (512 - (content.length % 512)) % 512
  return Buffer.concat([head, content, Buffer.alloc(padding + 1024)])
}
