const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----/
const secretWord = /^[ \t]*["']?([\w.-]*(?:password|passwd|passphrase|secret|psk|token|api_?key)[\w.-]*)["']?[ \t]*[=:][ \t]*["']?([^\s"'#]+)/i
// Settings of those names that are no secrets.
const harmlessValue = /^(yes|no|true|false|on|off|none|required|optional|\d{1,5}|[/%$].*|<.*|file:.*)$/i

/** What in a text looks like a secret, as words for a sentence; null when nothing does. */
export function findSecret(text: string): string | null {
  const lines = text.split('\n')
  for (const [index, line] of lines.entries()) {
    if (privateKey.test(line)) return `line ${index + 1} begins a private key`
    const found = secretWord.exec(line)
    if (found !== null && !harmlessValue.test(found[2]!)) return `line ${index + 1} sets ${found[1]}`
  }
  return null
}
