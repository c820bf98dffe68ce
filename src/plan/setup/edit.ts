import type { Key } from './key.ts'

/** A line being typed. `caret` counts code points before it. */
export interface Editor {
  text: string
  caret: number
}

/** Longer than any answer. */
const maxLength = 20_000

export function openEditor(text: string): Editor {
  return { text, caret: Array.from(text).length }
}

/** null when the key is not one that edits. */
export function edit(editor: Editor, key: Key): Editor | null {
  const chars = Array.from(editor.text)
  const { caret } = editor
  switch (key.name) {
    case 'text':
      return insert(chars, caret, key.text)
    case 'left':
      return { ...editor, caret: Math.max(0, caret - 1) }
    case 'right':
      return { ...editor, caret: Math.min(chars.length, caret + 1) }
    case 'home':
      return { ...editor, caret: 0 }
    case 'end':
      return { ...editor, caret: chars.length }
    case 'backspace':
      return cut(chars, Math.max(0, caret - 1), caret)
    case 'delete':
      return cut(chars, caret, caret + 1)
    case 'kill-line':
      return cut(chars, 0, caret)
    case 'kill-word':
      return cut(chars, caret - (/\S*\s*$/.exec(chars.slice(0, caret).join(''))?.[0].length ?? 0), caret)
    default:
      return null
  }
}

function insert(chars: readonly string[], caret: number, text: string): Editor {
  // What a paste brings along: line ends of any kind, blank lines at its end.
  const added = Array.from(text.replaceAll(/\r\n?/g, '\n').replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f]/g, '')).slice(0, maxLength - chars.length)
  return { text: [...chars.slice(0, caret), ...added, ...chars.slice(caret)].join(''), caret: caret + added.length }
}

function cut(chars: readonly string[], from: number, to: number): Editor {
  return { text: [...chars.slice(0, from), ...chars.slice(to)].join(''), caret: from }
}
