type Piece = { type: 'text' | 'thinking'; text: string }

const OPEN = '<think>'
const CLOSE = '</think>'

/**
 * Some templates put the model's thinking into the reply itself, between `<think>` and `</think>` at its start.
 * Separates it from the text to speak, whatever the chunking; what could still become a tag is held back.
 */
export function separateThinking(): { push(delta: string): Piece[]; flush(): Piece[] } {
  let state: 'start' | 'thinking' | 'gap' | 'text' = 'start'
  let held = ''

  function* drain(end: boolean): Generator<Piece> {
    if (state === 'start') {
      const trimmed = held.trimStart()
      if (!end && (trimmed === '' || (OPEN.startsWith(trimmed) && trimmed !== OPEN))) return
      state = trimmed.startsWith(OPEN) ? 'thinking' : 'text'
      if (state === 'thinking') held = trimmed.slice(OPEN.length)
    }
    if (state === 'thinking') {
      const close = held.indexOf(CLOSE)
      const until = close >= 0 ? close : end ? held.length : held.length - tailThatMayClose(held)
      if (until > 0) yield { type: 'thinking', text: held.slice(0, until) }
      held = held.slice(close >= 0 ? close + CLOSE.length : until)
      if (close < 0) return
      state = 'gap'
    }
    if (state === 'gap') {
      held = held.trimStart()
      if (held === '') return
      state = 'text'
    }
    if (held !== '') yield { type: 'text', text: held }
    held = ''
  }

  return {
    push(delta) {
      held += delta
      return [...drain(false)]
    },
    flush: () => [...drain(true)],
  }
}

/** Length of the end of `text` that may be the beginning of a closing tag. */
function tailThatMayClose(text: string): number {
  for (let length = Math.min(CLOSE.length - 1, text.length); length > 0; length--) {
    if (CLOSE.startsWith(text.slice(-length))) return length
  }
  return 0
}
