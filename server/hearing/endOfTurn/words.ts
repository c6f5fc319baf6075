import type { TextState } from '../../protocol/record.ts'

/** English words that a sentence seldom ends with: what they begin must follow. */
const OPENERS = new Set(
  `a an the my your his her its our their this these those some any every each no
  and or but so because if when while although though since unless until than that which who whose where whether
  to of in on at by for from with into about between through without under over after before during against like as
  is are was were am be been being do does did have has had can could will would shall should may might must let's
  i you he she we they it's i'm you're we're they're i'll i'd i've there's that's what's what how why
  very more most too just also not well please tell give show play set turn called named
  want need`.split(/\s+/),
)

/** Nobody is done after these. */
const FILLERS = new Set(['um', 'uh', 'er', 'erm', 'hmm'])

/** What may also end a question that asks for what they belong to: "Where are you from?" */
const STRANDED = new Set('like to of in on at by for from with about into'.split(' '))
const ASKS = /^(?:what|where|who|which|how|when)\b/

/**
 * Of an English transcript that reaches up to a pause. A recognizer ends most of what it hears with a full stop, said to the end
 * or not, and short answers with a comma: so punctuation weighs little, and a last word that must go on outweighs it. null: no words.
 */
export function textStateOf(text: string): TextState | null {
  const words = text
    .toLowerCase()
    .replaceAll('’', "'")
    .match(/[\p{L}\p{N}']+/gu)
  const last = words?.at(-1)
  if (words === null || last === undefined) return null
  if (/(…|\.\.|[-–—:;])\s*$/u.test(text)) return 'open'
  if (STRANDED.has(last) && ASKS.test(words[0] ?? '')) return 'weak'
  if (FILLERS.has(last) || (OPENERS.has(last) && words.length > 1)) return 'open'
  return /[.?!]["”')]*\s*$/u.test(text) ? 'closed' : 'weak'
}
