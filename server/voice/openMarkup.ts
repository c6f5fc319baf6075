import { formulaLength } from './formulas.ts'

/** Longer than this and an opening mark counts as an ordinary character. */
const LONGEST_SPAN = 300

const linkHere = /!?\[[^[\]\n]{0,200}\]\([^()\s]{0,300}\)/y
const linkPrefixHere = /!?\[[^[\]\n]{0,200}(?:\](?:\([^()\s]{0,300})?)?$/y
const ticksHere = /`+/y

const matchAt = (pattern: RegExp, text: string, at: number) => {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

/**
 * Finds inline code, links and formulas in the beginning of a text. `masked` is as long as the text, with rows of `X` in their place, so
 * that no clause can end inside them; at `openFrom` a mark opens that the text to come may still close, else the text ends.
 * @param final true when no more text will come, so that nothing stays open
 */
export function maskMarkup(text: string, final: boolean) {
  let masked = ''
  let at = 0
  while (at < text.length) {
    const character = text.charAt(at)
    if (character === '`') {
      const ticks = matchAt(ticksHere, text, at) ?? character
      const span = codeSpan(text, at, ticks, final)
      if (span === 'open') return { masked: masked + text.slice(at), openFrom: at }
      masked += 'X'.repeat(span)
      at += span
    } else if (character === '[') {
      const link = matchAt(linkHere, text, at)
      if (!link && !final && matchAt(linkPrefixHere, text, at)) {
        return { masked: masked + text.slice(at), openFrom: at }
      }
      masked += link ? 'X'.repeat(link.length) : character
      at += link?.length ?? 1
    } else if (character === '$' || character === '\\') {
      const length = formulaLength(text, at, final)
      if (length === 'open') return { masked: masked + text.slice(at), openFrom: at }
      masked += length === 0 ? character : 'X'.repeat(length)
      at += Math.max(1, length)
    } else {
      masked += character
      at += 1
    }
  }
  return { masked, openFrom: text.length }
}

/** Length of the code span that opens at `at` (of its ticks alone if nothing closes them), or 'open'. */
function codeSpan(text: string, at: number, ticks: string, final: boolean): number | 'open' {
  const lineEnd = text.indexOf('\n', at)
  const limit = Math.min(lineEnd < 0 ? text.length : lineEnd, at + LONGEST_SPAN)
  for (let from = at + ticks.length; ; ) {
    const next = text.indexOf('`', from)
    if (next < 0 || next >= limit) break
    const closing = matchAt(ticksHere, text, next) ?? ''
    // A run of ticks that reaches the end of the text may still grow.
    if (next + closing.length === text.length && !final) return 'open'
    if (closing.length === ticks.length) return next + closing.length - at
    from = next + closing.length
  }
  return limit === text.length && !final ? 'open' : ticks.length
}
