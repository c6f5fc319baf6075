import type { Following, Lexicon } from './lexicon.ts'
import { currencies, readNumber } from './readNumber.ts'
import { readWord } from './readWord.ts'
import { PRIMARY, soundWeight, stressed, vowels } from './stress.ts'
import { LETTER, merged, newToken, type Token, textOf } from './token.ts'

const CAPITAL = 'A-ZÀ-ÖØ-Þ'
const SMALL = 'a-zß-öø-ÿ'
/** The parts of a word that are read by themselves where the whole is not known. */
const subwords = new RegExp(
  [
    `^['‘’]+|[${CAPITAL}](?=[${CAPITAL}][${SMALL}])|(?:^-)?(?:\\d?[,.]?\\d)+|[\\-_]+|['‘’]{2,}`,
    `${LETTER}*?(?:['‘’]${LETTER})*?[${SMALL}](?=[${CAPITAL}])|${LETTER}+(?:['‘’]${LETTER})*`,
    `[^\\p{L}\\p{N}_\\-'‘’]|['‘’]+$`,
  ].join('|'),
  'gu',
)
const unknownParts = new RegExp(`${LETTER}+(?:['’]${LETTER}+)*|\\d+(?:[,.]\\d+)*|[^\\p{L}\\p{N}_\\s]+`, 'gu')

const silent = new Set("',-._‘’/")
const stops = new Set(';:,.!?—…')
const punctuation = new Set([...stops, '"', '“', '”'])
const consonants = new Set('bdfhjklmnpstvwzðŋɡɹɾʃʒʤʧθ')
const punctuationTags = new Set(['.', ',', '-LRB-', '-RRB-', '``', '""', "''", ':', '$', '#', 'NFP'])
const soundOfTag: Record<string, string> = { '-LRB-': '(', '-RRB-': ')', '``': '“', '""': '”', "''": '”' }
const soundOfSign: Record<string, string> = {
  ...{ '/': 'slˈæʃ', '=': 'ˈikwᵊlz', '+': 'plˈʌs', '&': 'ænd', '@': 'æt', '%': 'pəɹsˈɛnt', '#': 'hˈæʃ' },
  ...{ '*': 'ˈæstəɹˌɪsk', '~': 'tˈɪldə', '^': 'kˈɛɹət', '<': 'lˈɛs ðən', '>': 'ɡɹˈATəɹ ðən', '—': '—' },
}

/** Of one word; never empty. */
type Word = [Token, ...Token[]]

/** What has a sound, or a silence, of its own. */
function ownSound({ tag, text }: Token): string | null {
  if (tag === '$' && currencies.has(text)) return ''
  if (tag === ':' && (text === '-' || text === '–')) return '—'
  if (!punctuationTags.has(tag) || /^[A-Za-z]+$/.test(text)) return null
  return soundOfTag[tag] ?? [...text].filter(sign => punctuation.has(sign)).join('')
}

/** Tokens to words, each in parts that may be read by themselves. */
function wordsOf(tokens: readonly Token[]): Word[] {
  const words: { parts: Word; isClosed: boolean }[] = []
  let currency: string | null = null
  for (const [at, token] of tokens.entries()) {
    const texts = token.text.match(subwords) ?? [token.text]
    for (const [index, text] of texts.entries()) {
      const isLast = index === texts.length - 1
      const part = newToken(text, token.tag, isLast && token.space)
      part.phonemes = ownSound(part)
      if (part.phonemes !== null) {
        if (token.tag === '$' && currencies.has(text)) currency = text
      } else if (currency !== null) {
        if (token.tag !== 'CD') currency = null
        else if (isLast && tokens[at + 1]?.tag !== 'CD') part.currency = currency
      } else if (text === '2' && isBetweenLetters(texts, index)) part.alias = 'to'
      const last = words.at(-1)
      const isOwn = part.phonemes !== null || part.alias !== null
      if (!isOwn && last !== undefined && !last.isClosed && last.parts.at(-1)?.space === false) {
        part.isHead = false
        last.parts.push(part)
      } else words.push({ parts: [part], isClosed: isOwn || part.space })
    }
  }
  return words.map(({ parts }) => parts)
}

const isBetweenLetters = (texts: readonly string[], index: number) =>
  /^\p{L}{2}$/u.test(`${texts[index - 1]?.at(-1) ?? ''}${texts[index + 1]?.at(0) ?? ''}`)

/** What a word tells the one before it. */
function followingOf(phonemes: string | null, { text, tag }: Token, beyond: Following): Following {
  const sound = [...(phonemes ?? '')].find(one => vowels.has(one) || consonants.has(one) || stops.has(one))
  const vowel = sound === undefined ? beyond.vowel : stops.has(sound) ? null : vowels.has(sound)
  const to = text === 'to' || text === 'To' || (text === 'TO' && (tag === 'TO' || tag === 'IN'))
  return { vowel, to }
}

/** Blanks between parts of several kinds; and of what is one word, not every part with full stress. */
function settle(parts: Word): void {
  const text = textOf(parts)
  const kinds = new Set(
    [...text]
      .filter(sign => !silent.has(sign))
      .map(sign => (/\p{L}/u.test(sign) ? 0 : /[0-9]/.test(sign) ? 1 : 2)),
  )
  const isApart = /[ /]/.test(text) || kinds.size > 1
  for (const part of parts.slice(1)) part.isApart = isApart
  if (isApart) return
  const heard = parts.filter(part => part.phonemes)
  const [first, second] = heard
  const weaken = (part: Token) => Object.assign(part, { phonemes: stressed(part.phonemes ?? '', -0.5) })
  if (heard.length === 2 && first?.text.length === 1 && second !== undefined) return void weaken(second)
  const isStressed = ({ phonemes }: Token) => Number(phonemes?.includes(PRIMARY))
  const stressedCount = heard.filter(isStressed).length
  if (heard.length < 2 || stressedCount <= Math.floor((heard.length + 1) / 2)) return
  const byStress = heard.toSorted(
    (a, b) => isStressed(a) - isStressed(b) || soundWeight(a.phonemes ?? '') - soundWeight(b.phonemes ?? ''),
  )
  for (const part of byStress.slice(0, Math.floor(heard.length / 2))) weaken(part)
}

export type PhonemeSources = {
  lexicon: Lexicon
  normalize(text: string): string
  tokenize(text: string): { text: string; space: boolean }[]
  tags(words: readonly string[]): string[]
  /** A word that the lexicon has not; null where there is nothing in it to say. */
  spell(word: string): Promise<string | null>
}

/**
 * English text to phonemes in the alphabet of misaki (0.9.4, Apache-2.0, hexgrad), which the voice was trained on: written out, cut
 * into words, parts of speech, lexicon and rules from the last word to the first, and for other words the network that spells.
 */
export function createPhonemes({ lexicon, normalize, tokenize, tags, spell }: PhonemeSources) {
  async function unknown({ text }: Token): Promise<string> {
    const said: string[] = []
    for (const [part] of text.matchAll(unknownParts)) {
      if (/^\d/.test(part)) said.push(readNumber(lexicon, part, null, false) ?? '')
      else if (/^\p{L}/u.test(part)) said.push((await spell(part)) ?? '')
      else said.push([...part].map(sign => soundOfSign[sign] ?? '').join(''))
    }
    return said.filter(phonemes => phonemes !== '').join(' ')
  }

  /** The longest runs of parts that can be read, from the end; where a part cannot be, the whole is spelled. */
  async function readParts(parts: Word, beyond: Following): Promise<Following> {
    let following = beyond
    for (let left = 0, right = parts.length; left < right; ) {
      const run = parts.slice(left, right) as Word
      const isFree = run.every(part => part.phonemes === null && part.alias === null)
      const whole = merged(run)
      const phonemes = isFree ? readWord(lexicon, whole, following) : null
      if (phonemes !== null) {
        for (const part of run) part.phonemes = ''
        run[0].phonemes = phonemes
        following = followingOf(phonemes, whole, following)
        right = left
        left = 0
      } else if (left + 1 < right) left++
      else {
        right--
        left = 0
        const last = parts[right]
        if (last === undefined || last.phonemes !== null) continue
        if (![...last.text].every(sign => silent.has(sign))) {
          for (const part of parts) part.phonemes = ''
          parts[0].phonemes = await unknown(merged(parts))
          return following
        }
        last.phonemes = ''
      }
    }
    settle(parts)
    return following
  }

  return async (text: string): Promise<string> => {
    const pieces = tokenize(normalize(text))
    const tagged = tags(pieces.map(piece => piece.text))
    const words = wordsOf(pieces.map((piece, at) => newToken(piece.text, tagged[at] ?? 'NN', piece.space)))
    let following: Following = { vowel: null, to: false }
    for (const word of words.toReversed()) {
      const [only] = word
      if (word.length > 1) following = await readParts(word, following)
      else {
        only.phonemes ??= readWord(lexicon, only, following) ?? (await unknown(only))
        following = followingOf(only.phonemes, only, following)
      }
    }
    return words
      .map(merged)
      .map(({ phonemes, space }) => `${phonemes ?? ''}${space ? ' ' : ''}`)
      .join('')
      .replaceAll('ɾ', 'T')
      .replaceAll('ʔ', 't')
      .trim()
  }
}
