import { type Lexicon, withEd, withIng, withS } from './lexicon.ts'
import { cardinal, decimal, ordinal, year } from './numbers.ts'

export const currencies: ReadonlyMap<string, readonly [unit: string, part: string]> = new Map([
  ['$', ['dollar', 'cent']],
  ['£', ['pound', 'pence']],
  ['€', ['euro', 'cent']],
])

const endings = /(?:ing|'d|ed|'s|st|nd|rd|th|s)$/
const isDigits = (text: string) => /^[0-9]+$/.test(text)

/** A number as words are written, maybe with an ending: 1990s, 3rd, -2.5. */
export function isNumber(word: string, isHead: boolean): boolean {
  if (!/[0-9]/.test(word)) return false
  return (isHead ? /^-?[0-9,.]*$/ : /^[0-9,.]*$/).test(word.replace(endings, ''))
}

/** Behind phonemes that are no number, the unit of the sign that stood in front. */
export function withCurrency(lexicon: Lexicon, phonemes: string, currency: string | null): string {
  const [unit] = currencies.get(currency ?? '') ?? []
  const units = unit === undefined ? null : lexicon.plural(unit)
  return units === null ? phonemes : `${phonemes} ${units}`
}

/** Words to say for the digits of a number in the middle of a word (B52, R2D2, 5.10.3). */
function wordsInside(number: string): string[] {
  if (number.startsWith('0') || number.length > 3) return [...number].map(cardinal)
  if (number.length < 3 || number.endsWith('00')) return [cardinal(number)]
  const [hundreds = '', tens = '', ones = ''] = number
  return [cardinal(hundreds), ...(tens === '0' ? ['O', cardinal(ones)] : [cardinal(tens + ones)])]
}

/** The parts of a version number. */
const wordsOfParts = (number: string): string[] =>
  number.split('.').flatMap(part => {
    if (part === '') return []
    const byDigit = part.startsWith('0') || (part.length !== 2 && /[^0]/.test(part.slice(1)))
    return byDigit ? [...part].map(cardinal) : [cardinal(part)]
  })

/** One dollar and fifty cents; what is zero is not said, if the other is not. */
function wordsOfMoney(number: string, currency: string): (string | { plural: string })[] {
  const [unit = '', part = ''] = currencies.get(currency) ?? []
  const [whole = '0', fraction] = number.split('.').map(digits => (/[1-9]/.test(digits) ? digits : '0'))
  const amounts = [[whole, unit] as const, ...(fraction === undefined ? [] : [[fraction, part] as const])]
  const some = amounts.filter(([amount]) => amount !== '0')
  return (some.length > 0 ? some : amounts.slice(0, 1)).flatMap(([amount, name], at) => [
    ...(at > 0 ? ['and'] : []),
    cardinal(amount),
    Number(amount) === 1 || name === 'pence' ? name : { plural: name },
  ])
}

/**
 * A number as it is read aloud (misaki's `get_number`); null where nothing of it can be said.
 * @param isHead whether it begins its word; digits within are read one by one or in groups
 */
export function readNumber(
  lexicon: Lexicon,
  asWritten: string,
  currency: string | null,
  isHead: boolean,
): string | null {
  const suffix = /[a-z']+$/.exec(asWritten)?.[0] ?? ''
  const isNegative = asWritten.startsWith('-')
  const number = asWritten.slice(isNegative ? 1 : 0, asWritten.length - suffix.length)
  const words = [
    ...(isNegative ? ['minus'] : []),
    ...wordsOf(number, { suffix, currency, isHead, isNegative }),
  ]
  const said = words.flatMap(word => {
    if (typeof word === 'object') return [lexicon.plural(word.plural)]
    if (word === 'O') return [lexicon.lookup('O', null, -2, null)]
    return word
      .split(/[^a-z]+/)
      .filter(part => part !== '')
      .map(part => lexicon.lookup(part, null, part === 'point' ? -2 : null, null))
  })
  const phonemes = said.filter(part => part !== null).join(' ')
  if (phonemes === '') return null
  if (suffix === 's' || suffix === "'s") return withS(phonemes)
  if (suffix === 'ed' || suffix === "'d") return withEd(phonemes)
  return suffix === 'ing' ? withIng(phonemes) : phonemes
}

type Written = { suffix: string; currency: string | null; isHead: boolean; isNegative: boolean }

function wordsOf(
  number: string,
  { suffix, currency, isHead, isNegative }: Written,
): (string | { plural: string })[] {
  const plain = number.replaceAll(',', '')
  const isOrdinal = ['st', 'nd', 'rd', 'th'].includes(suffix)
  if (plain === '' || plain === '.') return []
  if (isDigits(number) && isOrdinal) return [ordinal(number)]
  if (!isNegative && number.length === 4 && !currencies.has(currency ?? '') && isDigits(number))
    return [year(number)]
  if (!isHead && !number.includes('.')) return wordsInside(plain)
  const dots = number.split('.').length - 1
  if (dots > 1 || !isHead) return wordsOfParts(plain)
  const hasCents = dots === 0 || (plain.split('.')[1] ?? '').length < 3
  if (currency !== null && currencies.has(currency) && hasCents) return wordsOfMoney(plain, currency)
  if (dots === 0) return [isOrdinal ? ordinal(plain) : cardinal(plain)]
  if (plain.startsWith('.')) return ['point', ...[...plain.slice(1)].map(cardinal)]
  return [decimal(plain)]
}
