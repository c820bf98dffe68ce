/** Lists of checksums as `sha256sum` writes and reads them, for names without line ends and backslashes. */

/** File name → hexadecimal digest; null when a line is not of that form or a name comes twice. */
export function parseSha256Sums(text: string): Map<string, string> | null {
  const sums = new Map<string, string>()
  for (const line of text.split('\n')) {
    if (line === '') continue
    const [, digest, name] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? []
    if (digest === undefined || name === undefined || sums.has(name)) return null
    sums.set(name, digest)
  }
  return sums
}
