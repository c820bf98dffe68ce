/** What came from the keyboard. `text` is typed or pasted; pasted text may have several lines. */
export type Key =
  | { name: 'text'; text: string }
  | {
      name:
        | 'enter'
        | 'back'
        | 'tab'
        | 'up'
        | 'down'
        | 'left'
        | 'right'
        | 'home'
        | 'end'
        | 'page-up'
        | 'page-down'
        | 'backspace'
        | 'delete'
        | 'kill-line'
        | 'kill-word'
        | 'interrupt'
        | 'redraw'
    }
