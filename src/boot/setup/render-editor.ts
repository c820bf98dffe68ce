import type { Editor } from '#plan/setup/edit.ts'
import { span, type Span } from './screen.ts'

/** The line being typed in `width` columns, with its caret; a longer one moves under the window. */
export function renderEditor(editor: Editor, { width, secret }: { width: number; secret: boolean }): { line: Span; caret: number } {
  // Lines of a paste are shown in one.
  const chars = Array.from(editor.text, (char) => (secret ? '*' : char === '\n' ? '|' : char))
  const room = Math.max(8, width - 1)
  const start = editor.caret <= room ? 0 : editor.caret - room + Math.floor(room / 4)
  const shown = chars.slice(start, start + room)
  if (start > 0) shown[0] = '<'
  if (start + room < chars.length) shown[shown.length - 1] = '>'
  return { line: span(shown.join('')), caret: editor.caret - start }
}
