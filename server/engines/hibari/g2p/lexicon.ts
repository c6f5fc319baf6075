import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/schema'
import { createJsonTable } from '../jsonTable.ts'
import { PRIMARY, spelled, stressed } from './stress.ts'

/** Phonemes of a word, or some for each part of speech. */
const Reading = Type.Union([
  Type.String(),
  Type.Record(Type.String(), Type.Union([Type.String(), Type.Null()])),
])
type Reading = Static<typeof Reading>
const CompiledReading = Compile(Reading)

/** What is known of what follows a word. */
export type Following = {
  /** It begins with a vowel; null before a pause. */
  vowel: boolean | null
  /** It is "to". */
  to: boolean
}

/** Ends of stems after which an American t is tapped. */
const beforeTap = new Set('AIOWYiuæɑəɛɪɹʊʌ')
const symbols = new Map([
  ['%', 'percent'],
  ['&', 'and'],
  ['+', 'plus'],
  ['@', 'at'],
])

function partOfSpeech(tag: string | null): string | null {
  if (tag === null) return null
  if (tag.startsWith('VB')) return 'VERB'
  if (tag.startsWith('NN')) return 'NOUN'
  if (tag.startsWith('ADV') || tag.startsWith('RB')) return 'ADV'
  return tag.startsWith('ADJ') || tag.startsWith('JJ') ? 'ADJ' : tag
}

const capitalized = (word: string) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase()

/** A lexicon where a word in small letters also stands for itself with a capital, and the other way round. */
function lexiconOf(file: Buffer): (word: string) => Reading | undefined {
  const entryOf = createJsonTable(file)
  const own = (word: string) => {
    const entry = entryOf(word)
    return entry === undefined ? undefined : CompiledReading.Parse(JSON.parse(entry.toString('utf8')))
  }
  return word => {
    const exact = own(word)
    if (exact !== undefined || word.length < 2) return exact
    if (word === word.toLowerCase()) return own(capitalized(word))
    return word === capitalized(word) ? own(word.toLowerCase()) : undefined
  }
}

/** "-s" after phonemes. */
export function withS(stem: string): string {
  if (/[ptkfθ]$/.test(stem)) return `${stem}s`
  return /[szʃʒʧʤ]$/.test(stem) ? `${stem}ᵻz` : `${stem}z`
}

/** "-ed" after phonemes. */
export function withEd(stem: string): string {
  if (/[pkfθʃsʧ]$/.test(stem)) return `${stem}t`
  if (stem.endsWith('d')) return `${stem}ᵻd`
  if (!stem.endsWith('t')) return `${stem}d`
  if (stem.length < 2) return `${stem}ɪd`
  return beforeTap.has(stem.at(-2) ?? '') ? `${stem.slice(0, -1)}ɾᵻd` : `${stem}ᵻd`
}

/** "-ing" after phonemes. */
export const withIng = (stem: string): string =>
  stem.endsWith('t') && beforeTap.has(stem.at(-2) ?? '') ? `${stem.slice(0, -1)}ɾɪŋ` : `${stem}ɪŋ`

const isAlphabetic = (word: string) => /^\p{L}+$/u.test(word)

export type Lexicon = ReturnType<typeof createLexicon>

/**
 * American words to phonemes by misaki's lexica and its rules for stems, parts of speech and what follows (misaki 0.9.4, `en.py`,
 * Apache-2.0, hexgrad): the pronunciations that the voice was trained on.
 * @param goldFile JSON; of the silver one nobody looked the words through
 */
export function createLexicon(goldFile: Buffer, silverFile: Buffer) {
  const gold = lexiconOf(goldFile)
  const silver = lexiconOf(silverFile)

  /** Letter by letter; null where one has no name. */
  function letters(word: string): string | null {
    const names = [...word].filter(isAlphabetic).map(letter => gold(letter.toUpperCase()))
    return names.every(name => typeof name === 'string') ? spelled(names.join('')) : null
  }

  function isKnown(word: string): boolean {
    if (gold(word) !== undefined || symbols.has(word) || silver(word) !== undefined) return true
    if (!/^[A-Za-z]+$/.test(word)) return false
    if (word.length === 1) return true
    if (word === word.toUpperCase() && gold(word.toLowerCase()) !== undefined) return true
    return word.slice(1) === word.slice(1).toUpperCase()
  }

  function readingFor(reading: Reading | undefined, tag: string | null, following: Following | null) {
    if (reading === undefined || typeof reading === 'string') return reading ?? null
    const atPause = following !== null && following.vowel === null && Object.hasOwn(reading, 'None')
    const wanted = atPause ? 'None' : tag !== null && Object.hasOwn(reading, tag) ? tag : partOfSpeech(tag)
    return wanted !== null && Object.hasOwn(reading, wanted)
      ? (reading[wanted] ?? null)
      : (reading.DEFAULT ?? null)
  }

  /** A word as it stands in a lexicon, else letter by letter. */
  function lookup(word: string, tag: string | null, stress: number | null, following: Following | null) {
    const isCapitals = word === word.toUpperCase() && gold(word) === undefined
    const isName = isCapitals && tag === 'NNP'
    const wanted = isCapitals ? word.toLowerCase() : word
    const reading = gold(wanted) ?? (isName ? undefined : silver(wanted))
    const phonemes = readingFor(reading, tag, following)
    if (phonemes === null || (isName && !phonemes.includes(PRIMARY))) {
      const named = letters(wanted)
      if (named !== null) return named
    }
    return phonemes === null ? null : stressed(phonemes, stress)
  }

  type Stem = (
    word: string,
    tag: string | null,
    stress: number | null,
    following: Following | null,
  ) => string | null

  const stemRule =
    (stemOf: (word: string) => string | undefined, ended: (stem: string) => string): Stem =>
    (word, ...rest) => {
      const stem = stemOf(word)
      const phonemes = stem === undefined ? null : lookup(stem, ...rest)
      return phonemes ? ended(phonemes) : null
    }
  const known = (...stems: (string | false)[]) =>
    stems.find((stem): stem is string => stem !== false && isKnown(stem))

  const stemOfS = stemRule(word => {
    if (word.length < 3 || !word.endsWith('s')) return undefined
    const isLong = word.length > 4
    return known(
      !word.endsWith('ss') && word.slice(0, -1),
      (word.endsWith("'s") || (isLong && word.endsWith('es') && !word.endsWith('ies'))) && word.slice(0, -2),
      isLong && word.endsWith('ies') && `${word.slice(0, -3)}y`,
    )
  }, withS)

  const stemOfEd = stemRule(word => {
    if (word.length < 4 || !word.endsWith('d')) return undefined
    return known(
      !word.endsWith('dd') && word.slice(0, -1),
      word.length > 4 && word.endsWith('ed') && !word.endsWith('eed') && word.slice(0, -2),
    )
  }, withEd)

  const stemOfIng = stemRule(word => {
    if (word.length < 5 || !word.endsWith('ing')) return undefined
    const isLong = word.length > 5
    return known(
      isLong && word.slice(0, -3),
      `${word.slice(0, -3)}e`,
      isLong && /([bcdgklmnprstvxz])\1ing$|cking$/.test(word) && word.slice(0, -4),
    )
  }, withIng)

  /** Capitals of a word that is one in small letters too, not of a name. */
  function inSmallLetters(word: string, tag: string, stress: number | null, following: Following): boolean {
    const small = word.toLowerCase()
    return (
      word.length > 1 &&
      isAlphabetic(word.replaceAll("'", '')) &&
      word !== small &&
      (tag !== 'NNP' || word.length > 7) &&
      gold(word) === undefined &&
      silver(word) === undefined &&
      (word === word.toUpperCase() || word.slice(1) === small.slice(1)) &&
      (gold(small) !== undefined ||
        silver(small) !== undefined ||
        [stemOfS, stemOfEd, stemOfIng].some(stem => stem(small, tag, stress, following) !== null))
    )
  }

  return {
    letters,
    lookup,
    plural: (unit: string) => stemOfS(`${unit}s`, null, null, null),
    /** Phonemes that stand in the gold lexicon as they are. */
    plain(word: string, tag = 'DEFAULT'): string | null {
      const reading = gold(word)
      return typeof reading === 'object' ? (reading[tag] ?? null) : (reading ?? null)
    },
    symbol: (word: string): string | undefined => symbols.get(word),
    /** A word by lexica and stems; null where they do not have it. */
    word(asWritten: string, tag: string, stress: number | null, following: Following): string | null {
      const word = inSmallLetters(asWritten, tag, stress, following) ? asWritten.toLowerCase() : asWritten
      const owned = known(
        word,
        word.endsWith("s'") && `${word.slice(0, -2)}'s`,
        word.endsWith("'") && word.slice(0, -1),
      )
      if (owned !== undefined) return lookup(owned, tag, stress, following)
      return (
        stemOfS(word, tag, stress, following) ??
        stemOfEd(word, tag, stress, following) ??
        stemOfIng(word, tag, stress ?? 0.5, following)
      )
    },
  }
}
