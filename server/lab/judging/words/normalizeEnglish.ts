import { normalizeNumbers } from './numbers.ts'
import spellings from './spellings.json' with { type: 'json' }
import { removeSymbolsAndDiacritics } from './symbols.ts'

/** Python's `\b` before and after a word: it knows letters and digits of every script, JavaScript's only ASCII ones. */
const before = '(?<![\\p{L}\\p{N}_])'
const after = '(?![\\p{L}\\p{N}_])'
const pattern = (source: string) => new RegExp(source + after, 'gu')

const fillers = pattern(`${before}(?:hmm|mm|mhm|mmm|uh|um)`)

const wholeWords: Readonly<Record<string, string>> = {
  "won't": 'will not',
  "can't": 'can not',
  "let's": 'let us',
  "ain't": 'aint',
  "y'all": 'you all',
  wanna: 'want to',
  gotta: 'got to',
  gonna: 'going to',
  "i'ma": 'i am going to',
  imma: 'i am going to',
  woulda: 'would have',
  coulda: 'could have',
  shoulda: 'should have',
  "ma'am": 'madam',
  mr: 'mister ',
  mrs: 'missus ',
  st: 'saint ',
  dr: 'doctor ',
  prof: 'professor ',
  capt: 'captain ',
  gov: 'governor ',
  ald: 'alderman ',
  gen: 'general ',
  sen: 'senator ',
  rep: 'representative ',
  pres: 'president ',
  rev: 'reverend ',
  hon: 'honorable ',
  asst: 'assistant ',
  assoc: 'associate ',
  lt: 'lieutenant ',
  col: 'colonel ',
  jr: 'junior ',
  sr: 'senior ',
  esq: 'esquire ',
}
/** In this order: those with a participle come before the general ones. */
const endings: Readonly<Record<string, string>> = {
  "'d been": ' had been',
  "'s been": ' has been',
  "'d gone": ' had gone',
  "'s gone": ' has gone',
  "'d done": ' had done',
  "'s got": ' has got',
  "n't": ' not',
  "'re": ' are',
  "'s": ' is',
  "'d": ' would',
  "'ll": ' will',
  "'t": ' not',
  "'ve": ' have',
  "'m": ' am',
}
const replacers = [
  ...Object.entries(wholeWords).map(([word, by]) => [pattern(before + word), by] as const),
  ...Object.entries(endings).map(([ending, by]) => [pattern(ending), by] as const),
]

const americanSpellings: ReadonlyMap<string, string> = new Map(Object.entries(spellings))

/** American spelling for British, word by word (https://www.tysto.com/uk-us-spelling-list.html). */
export function normalizeSpellings(text: string): string {
  return text
    .split(/\s+/)
    .filter(word => word !== '')
    .map(word => americanSpellings.get(word) ?? word)
    .join(' ')
}

/**
 * English text as it is compared: lower case, no punctuation, contractions and titles written out, fillers dropped,
 * numbers as digits, American spelling. A port of `EnglishTextNormalizer` of openai/whisper (see README.md).
 */
export function normalizeEnglish(text: string): string {
  let plain = text
    .toLowerCase()
    .replace(/[<[][^>\]]*[>\]]/g, '')
    .replace(/\([^)]+?\)/g, '')
    .replace(fillers, '')
    .replace(/\s+'/g, "'")
  for (const [found, by] of replacers) plain = plain.replace(found, by)
  plain = plain.replace(/(\d),(\d)/g, '$1$2').replace(/\.([^0-9]|$)/g, ' $1')
  plain = normalizeSpellings(normalizeNumbers(removeSymbolsAndDiacritics(plain, '.%$¢€£')))
  return plain
    .replace(/[.$¢€£]([^0-9])/g, ' $1')
    .replace(/([^0-9])%/g, '$1 ')
    .replace(/\s+/g, ' ')
}

/** The words that are compared. Typographic apostrophes are made plain first, which the original leaves to its caller. */
export function comparedWords(text: string): string[] {
  return normalizeEnglish(text.replace(/[’‘ʼ]/g, "'"))
    .split(' ')
    .filter(word => word !== '')
}
