import { createHash } from 'node:crypto'
import { ok, unfinished, wrong, type Verdict } from './verdict.ts'

const types: Readonly<Record<string, string>> = {
  'ssh-ed25519': 'ED25519',
  'ssh-rsa': 'RSA',
  'ecdsa-sha2-nistp256': 'ECDSA 256',
  'ecdsa-sha2-nistp384': 'ECDSA 384',
  'ecdsa-sha2-nistp521': 'ECDSA 521',
  'sk-ssh-ed25519@openssh.com': 'ED25519 security key',
  'sk-ecdsa-sha2-nistp256@openssh.com': 'ECDSA security key',
}
const maxKeys = 100
const maxLine = 16_384
/** An RSA key shorter than 2048 bits has a blob below this. */
const leastRsaBytes = 270

/** Lines of `authorized_keys` that hold a key: comments and blank lines left out. */
export function keyLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

/** One or more public keys, a line each; the note names what was understood. Empty is `unfinished`. */
export function checkPublicKeys(text: string): Verdict {
  const lines = keyLines(text)
  if (lines.length === 0) return unfinished('Paste a public key: one line that begins with ssh-ed25519, ssh-rsa or ecdsa-.')
  if (lines.length > maxKeys) return wrong(`At most ${maxKeys} keys.`)
  const verdicts = lines.map((line) => checkPublicKey(line))
  const bad = verdicts.findIndex((verdict) => !verdict.ok)
  const first = verdicts[Math.max(0, bad)] ?? ok()
  if (lines.length === 1) return first
  if (first.ok) return ok(`${lines.length} keys`)
  return { ...first, message: `Key ${bad + 1}: ${first.message}` }
}

function checkPublicKey(line: string): Verdict {
  if (/PRIVATE KEY/.test(line)) return wrong('This is a private key, which nobody else should see. The public one is in the file whose name ends in .pub.')
  if (line.length > maxLine) return wrong('This is too long for a key.')
  const [type = '', blob = '', ...comment] = withoutOptions(line).split(/\s+/)
  const name = types[type]
  if (name === undefined) return unknownType(type)
  const bytes = Buffer.from(blob, 'base64')
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(blob)) return wrong('The middle part of a public key is made of letters, digits, + and / only.')
  if (!isWhole(bytes, type) || bytes.toString('base64').replace(/=+$/, '') !== blob.replace(/=+$/, ''))
    return unfinished('The key is not whole: copy the line from its first to its last character.')
  if (type === 'ssh-rsa' && bytes.length < leastRsaBytes) return wrong('RSA keys need 2048 bits or more; better make one with: ssh-keygen -t ed25519')
  const digest = createHash('sha256').update(bytes).digest('base64').replace(/=+$/, '')
  return ok(`${name} SHA256:${digest}${comment.length === 0 ? '' : ` ${comment.join(' ')}`}`)
}

/** Options (`from="…",no-pty `) stand before the type, where quotes may hold blanks. */
function withoutOptions(line: string): string {
  if (Object.keys(types).some((type) => line.startsWith(`${type} `))) return line
  const options = /^(?:[^\s"]|"(?:[^"\\]|\\.)*")+\s+/.exec(line)?.[0] ?? ''
  const rest = line.slice(options.length)
  return Object.keys(types).some((type) => rest.startsWith(`${type} `)) ? rest : line
}

function unknownType(type: string): Verdict {
  if (type === 'ssh-dss') return wrong('DSA keys are not accepted any more. Make a new one with: ssh-keygen -t ed25519')
  const expected = 'A public key begins with ssh-ed25519, ssh-rsa or ecdsa-sha2-.'
  return Object.keys(types).some((known) => known.startsWith(type)) ? unfinished(expected) : wrong(expected)
}

/** The blob is a run of fields, each with its length before it; the first is the type. */
function isWhole(bytes: Buffer, type: string): boolean {
  let at = 0
  let fields = 0
  while (at + 4 <= bytes.length) {
    const end = at + 4 + bytes.readUInt32BE(at)
    if (fields === 0 && bytes.toString('latin1', at + 4, end) !== type) return false
    at = end
    fields += 1
  }
  return at === bytes.length && fields >= 2
}

/** `ED25519 ada@laptop`: enough to tell a key by. Of a key that is one. */
export function renderPublicKey(line: string): string {
  const [type = '', , ...comment] = withoutOptions(line).split(/\s+/)
  return [types[type] ?? type, ...comment].join(' ')
}
