import type { Question, View } from './question.ts'
import { checkPublicKeys, keyLines, renderPublicKey } from './ssh-key.ts'
import { ok, unfinished, wrong, type Verdict } from './verdict.ts'

const leastPassword = 6
const mostPassword = 200

export const accessQuestions: readonly Question[] = [
  {
    id: 'root_password',
    title: 'Password of root',
    kind: 'secret',
    prompt: () => 'Which password shall root have?',
    help: (view) => [
      view.given.root_shadow === undefined
        ? 'Leave it empty to log in with an ssh key only, which is asked next.'
        : 'Leave it empty to take the one of the answers file.',
    ],
    applies: () => true,
    initial: () => '',
    check: checkPassword,
    show: (text, view) => (text !== '' ? 'set' : view.given.root_shadow === undefined ? 'none: no login with a password' : 'that of the answers file'),
  },
  {
    id: 'root_password_again',
    title: '',
    kind: 'secret',
    prompt: () => 'The same password again, please.',
    help: () => ['Nobody sees what is typed, so a slip would lock you out.'],
    applies: (view) => view.text('root_password') !== '',
    initial: () => '',
    check: checkAgain,
  },
  {
    id: 'root_authorized_keys',
    title: 'ssh key',
    kind: 'text',
    prompt: () => 'Which ssh key may log in as root?',
    help: (view) => [
      'Paste a public key: the line in ~/.ssh/id_ed25519.pub or the like.',
      hasPassword(view) ? 'Leave it empty to log in with the password only.' : 'There is no password, so a key is needed.',
    ],
    applies: () => true,
    initial: () => '',
    check: (text, view) => (keyLines(text).length === 0 && hasPassword(view) ? ok() : checkPublicKeys(text)),
    show: showKeys,
  },
]

function hasPassword(view: View): boolean {
  return view.text('root_password') !== '' || view.given.root_shadow !== undefined
}

function checkPassword(text: string): Verdict {
  if (text === '') return ok()
  if (/[\u0000-\u001f\u007f]/.test(text)) return wrong('A password cannot have control characters.')
  if (text.length < leastPassword) return unfinished(`At least ${leastPassword} characters.`)
  return text.length > mostPassword ? wrong(`At most ${mostPassword} characters.`) : ok()
}

function checkAgain(text: string, view: View): Verdict {
  const first = view.text('root_password')
  if (text === first) return ok('They are the same.')
  return first.startsWith(text) ? unfinished('Not the same yet.') : wrong('The two are not the same. Esc goes back to the first.')
}

function showKeys(text: string): string {
  return keyLines(text).map(renderPublicKey).join(', ') || 'none'
}
