/**
 * GRUB's environment block: 1024 bytes, a comment, lines NAME=VALUE (a backslash before a backslash or a line end within a
 * value), then `#` to the end. GRUB rewrites it in place, so it never changes its size.
 */
const size = 1024
const header = '# GRUB Environment Block\n'

/** Variables in their order; null when it is no environment block. Lines that are none are left out. */
export function parseGrubEnvironment(block: Uint8Array): Map<string, string> | null {
  const text = Buffer.from(block).toString('latin1')
  if (block.length !== size || !text.startsWith(header)) return null
  const variables = new Map<string, string>()
  for (const [, name, value] of text.slice(header.length).matchAll(/^(?!#)([^=\n]+)=((?:\\[\s\S]|[^\\\n])*)$/gm)) {
    variables.set(name!, value!.replace(/\\([\s\S])/g, '$1'))
  }
  return variables
}

/**
 * The block of these variables, in this order. Names and values are Latin-1; throws an Error when it does not hold them.
 * The first 512 bytes are one sector of every disk, so what comes first changes in one piece.
 */
export function renderGrubEnvironment(variables: ReadonlyMap<string, string>): Buffer {
  const lines = [...variables].map(([name, value]) => `${name}=${value.replace(/[\\\n]/g, '\\$&')}\n`)
  const text = Buffer.from(header + lines.join(''), 'latin1')
  if (text.length > size) throw new Error(`The variables take ${text.length} bytes; an environment block of GRUB has ${size}.`)
  return Buffer.concat([text, Buffer.alloc(size - text.length, '#')])
}
