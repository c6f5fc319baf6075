import type { Following, Lexicon } from './lexicon.ts'
import { isNumber, readNumber, withCurrency } from './readNumber.ts'
import { PRIMARY } from './stress.ts'
import type { Token } from './token.ts'

const stressOfCapitalized = 0.5
const stressOfCapitals = 2

/** Words whose sound depends on their part of speech or on what follows. */
function specialCase(
  lexicon: Lexicon,
  word: string,
  tag: string,
  stress: number | null,
  following: Following,
): string | null {
  const isNoun = tag.startsWith('NN')
  const isAdverb = tag.startsWith('RB') || tag.startsWith('ADV')
  if (tag === 'ADD' && word === '.') return lexicon.lookup('dot', null, -0.5, following)
  if (tag === 'ADD' && word === '/') return lexicon.lookup('slash', null, -0.5, following)
  const symbol = lexicon.symbol(word)
  if (symbol !== undefined) return lexicon.lookup(symbol, null, null, following)
  if (isDotted(word)) return lexicon.letters(word)
  if (tag === 'IN' && /^vs\.?$/i.test(word)) return lexicon.lookup('versus', null, null, following)
  const isCapitals = word === word.toUpperCase()
  switch (
    word.length > 1 && word.slice(1) !== word.slice(1).toLowerCase() && !isCapitals ? '' : word.toLowerCase()
  ) {
    case 'a':
      return tag === 'DT' ? 'ɐ' : 'ˈA'
    case 'am':
      if (isNoun) return lexicon.letters(word)
      if (following.vowel === null || word !== 'am' || (stress ?? 0) > 0) return lexicon.plain('am')
      return 'ɐm'
    case 'an':
      return isCapitals && isNoun ? lexicon.letters(word) : 'ɐn'
    case 'i':
      return word === 'I' && tag === 'PRP' ? 'ˌI' : null
    case 'by':
      return isAdverb ? 'bˈI' : null
    case 'to':
      if (isCapitals && tag !== 'TO' && tag !== 'IN') return null
      return following.vowel === null ? lexicon.plain('to') : following.vowel ? 'tʊ' : 'tə'
    case 'in':
      if (isCapitals && tag === 'NNP') return null
      return `${following.vowel === null || tag !== 'IN' ? PRIMARY : ''}ɪn`
    case 'the':
      if (isCapitals && tag !== 'DT') return null
      return following.vowel === true ? 'ði' : 'ðə'
    case 'used':
      return lexicon.plain('used', (tag === 'VBD' || tag === 'JJ') && following.to ? 'VBD' : 'DEFAULT')
    default:
      return null
  }
}

/** U.S., e.g.: dots between groups of at most two letters. */
function isDotted(word: string): boolean {
  const inside = word.replace(/^\.+|\.+$/g, '')
  return inside.includes('.') && /^[\p{L}.]+$/u.test(word) && word.split('.').every(part => part.length < 3)
}

/** Phonemes of a token by lexicon and rules; null where neither has any. */
export function readWord(lexicon: Lexicon, token: Token, following: Following): string | null {
  const { tag, isHead, currency } = token
  const word = (token.alias ?? token.text).replace(/[‘’]/g, "'").normalize('NFKC')
  const isSmall = word === word.toLowerCase()
  const stress = isSmall ? null : word === word.toUpperCase() ? stressOfCapitals : stressOfCapitalized
  const phonemes =
    specialCase(lexicon, word, tag, stress, following) ?? lexicon.word(word, tag, stress, following)
  if (phonemes !== null) return withCurrency(lexicon, phonemes, currency)
  return isNumber(word, isHead) ? readNumber(lexicon, word, currency, isHead) : null
}
