import Type, { type Static } from 'typebox'
import { cardinal, ordinal } from './numbers.ts'
import { anyOf, escaped } from './patterns.ts'
import { WORD } from './token.ts'

const Words = Type.Record(Type.String(), Type.String())
const Units = Type.Record(Type.String(), Type.Tuple([Type.String(), Type.String()]))

/** `normalize.json` of the package. */
export const NormalizeFile = Type.Object({
  months: Words,
  titles: Words,
  abbreviations: Words,
  units: Units,
  symbols: Words,
  currency: Units,
  roman_cardinal: Type.Array(Type.String()),
  roman_ordinal: Type.Array(Type.String()),
})

type Replacement = readonly [pattern: RegExp, by: (...match: string[]) => string]

const NUMBER = String.raw`\d+(?:,\d{3})*(?:\.\d+)?`
const SCALE = String.raw`(?:\s?(hundred|thousand|million|billion|trillion|[kKmMbB](?!${WORD})))`
const ROMAN = '((?=[IVXLC])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3}))'
/** `\b` of JavaScript knows ASCII only. */
const [START, END] = [`(?<!${WORD})`, `(?!${WORD})`]

const scales: Record<string, string> = { k: 'thousand', m: 'million', b: 'billion' }
const parts = ['', '', 'half', 'third', 'quarter', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth', 'tenth']
const romanDigits: Record<string, number> = { I: 1, V: 5, X: 10, L: 50, C: 100, D: 500, M: 1000 }

const scaleOf = (written: string) => scales[written.toLowerCase()] ?? written
const isOne = (number: string) => ['1', '1.0', '-1'].includes(number.replaceAll(',', ''))
const counted = (number: string, [one, many]: readonly [string, string]) =>
  `${number} ${isOne(number) ? one : many}`

function roman(numeral: string): string {
  const values = [...numeral].map(digit => romanDigits[digit] ?? 0)
  return String(values.reduce((sum, value, at) => sum + (value < (values[at + 1] ?? 0) ? -value : value), 0))
}

/** 7:05 pm: seven oh five P.M.; the dots have the letters spelled. */
function time(
  asWritten: string,
  hour: string,
  minute: string,
  second: string | undefined,
  half: string | undefined,
) {
  if (Number(hour) > 24 || Number(minute) > 59 || Number(second ?? 0) > 59) return asWritten
  const minutes =
    Number(minute) === 0
      ? half || second
        ? ''
        : " o'clock"
      : `${Number(minute) < 10 ? ' oh' : ''} ${cardinal(minute)}`
  const seconds = second ? ` and ${cardinal(second)} ${Number(second) === 1 ? 'second' : 'seconds'}` : ''
  return cardinal(hour) + minutes + seconds + (half ? ` ${half.toUpperCase()}.M.` : '')
}

/** Times, dates, units, sums and fractions, which stand for themselves. */
function figures({ months, units, currency }: Static<typeof NormalizeFile>): Replacement[] {
  const names = Object.values(months)
  const monthOf = (written: string) => months[written.toLowerCase().slice(0, 3)] ?? written
  const month = anyOf([...names, ...names.map(name => name.slice(0, 3)), 'Sept'])
  const isDay = (day: string) => Number(day) >= 1 && Number(day) <= 31
  const date = (asWritten: string, month: string, day: string, year?: string) => {
    const name = names[Number(month) - 1]
    if (name === undefined || !isDay(day)) return asWritten
    return `${name} ${ordinal(day)}${year === undefined ? '' : `, ${year}`}`
  }
  const unitsOf = (sign: string): readonly [string, string] => currency[sign] ?? ['', '']
  const money = (sign: string, number: string, scale: string | undefined) =>
    scale === undefined ? counted(number, unitsOf(sign)) : `${number} ${scaleOf(scale)} ${unitsOf(sign)[1]}`
  const degrees: Record<string, string> = { C: ' Celsius', F: ' Fahrenheit' }
  const rules: readonly [pattern: string, by: (...match: string[]) => string][] = [
    [
      String.raw`${START}(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s?([AaPp])\.?[Mm]\.?(?![A-Za-z]))?(?!\d)`,
      (all, hour = '', minute = '', second, half) => time(all ?? '', hour, minute, second, half),
    ],
    [
      String.raw`${START}(\d{4})-(\d{2})-(\d{2})${END}`,
      (all = '', year = '', month = '', day = '') => date(all, month, day, year),
    ],
    [
      String.raw`${START}(\d{1,2})\/(\d{1,2})\/(\d{4}|\d{2})${END}`,
      (all = '', first = '', second = '', year = '') => {
        const whole = year.length === 4 ? year : `${Number(year) > 30 ? '19' : '20'}${year}`
        return Number(first) <= 12 ? date(all, first, second, whole) : date(all, second, first, whole)
      },
    ],
    [`([$£€])(${NUMBER})${SCALE}`, (_, sign = '', number = '', scale) => money(sign, number, scale)],
    [String.raw`(?<![\p{L}\p{N}_.])(${NUMBER})\s?¢`, (_, number = '') => money('¢', number, undefined)],
    [
      String.raw`${START}([¥₹₩]|Rs\.?|USD|EUR|GBP)\s?(${NUMBER})${SCALE}?`,
      (_, sign = '', number = '', scale) => money(sign.replace(/\.$/, ''), number, scale),
    ],
    [
      String.raw`(?<![\p{L}\p{N}_.])(-?${NUMBER})\s?°\s?([CF])?${END}`,
      (_, number = '', scale) => counted(number, ['degree', 'degrees']) + (degrees[scale ?? ''] ?? ''),
    ],
    [
      String.raw`(?<![\p{L}\p{N}_.])(-?${NUMBER})\s?(${anyOf(Object.keys(units))})${END}`,
      (_, number = '', unit = '') => counted(number, units[unit] ?? ['', '']),
    ],
    [
      String.raw`${START}(${month})\.? (\d{1,2})(?:st|nd|rd|th)?${END}(?![\d:%])(,? \d{4}${END})?`,
      (all = '', month = '', day = '', year = '') =>
        isDay(day) ? `${monthOf(month)} ${ordinal(day)}${year}` : all,
    ],
    [
      String.raw`${START}(?:the )?(\d{1,2}) (?:of )?(${month})${END}\.?`,
      (all = '', day = '', month = '') => (isDay(day) ? `the ${ordinal(day)} of ${monthOf(month)}` : all),
    ],
  ]
  return rules.map(([pattern, by]) => [new RegExp(pattern, 'gu'), by])
}

function fraction(above: string, below: string, months: readonly string[]): string {
  const [count, of] = [Number(above), Number(below)]
  if (count > 0 && count < of && of <= 10) {
    const part = parts[of] ?? ''
    if (of === 2) return 'one half'
    return `${above} ${part}${count === 1 ? '' : 's'}`
  }
  const month = count >= 1 && count <= 12 && of >= 1 && of <= 31 ? months[count - 1] : undefined
  return month === undefined ? `${above} slash ${below}` : `${month} ${ordinal(below)}`
}

/** Abbreviations, Roman numerals, telephone numbers, ranges and signs. */
function signs(file: Static<typeof NormalizeFile>): Replacement[] {
  const { titles, abbreviations, months } = file
  const names = Object.values(months)
  const rules: readonly [pattern: string, by: (...match: string[]) => string][] = [
    [`${START}(${anyOf(Object.keys(titles))})\\.? (?=[A-Z])`, (_, title = '') => `${titles[title]} `],
    [
      // A full stop at the end of all is one of the sentence, too.
      `(?<![\\p{L}\\p{N}_.])(${anyOf(Object.keys(abbreviations))})(?!${WORD})(?=(.?))`,
      (_, short = '', next) => `${abbreviations[short]}${next === '' && short.endsWith('.') ? '.' : ''}`,
    ],
    [`${START}(Nos?)\\. ?(?=\\d)`, (_, no) => (no === 'No' ? 'Number ' : 'Numbers ')],
    [`(?<![\\p{L}\\p{N}_&])#(?=\\d)`, () => 'number '],
    [
      `${START}(${anyOf(file.roman_cardinal)}) ${ROMAN}${END}(?![.'’]${WORD})`,
      (_, name = '', numeral = '') => `${name} ${roman(numeral)}`,
    ],
    [
      `${START}(${anyOf(file.roman_ordinal)}) ${ROMAN}${END}(?![.'’]${WORD})`,
      (_, name = '', numeral = '') => `${name} the ${ordinal(roman(numeral))}`,
    ],
    [
      String.raw`(?<![\p{L}\p{N}_.\-])(?:\d{3}-)?\d{3}-\d{4}(?![\p{L}\p{N}_.\-])`,
      (all = '') => [...all.replaceAll('-', ', ')].join(' '),
    ],
    [
      String.raw`(?<![\p{L}\p{N}_.\/])(\d{1,2})\/(\d{1,2})(?![\p{L}\p{N}_.\/])`,
      (_, above = '', below = '') => fraction(above, below, names),
    ],
    [
      String.raw`(?<![\p{L}\p{N}_.\-])(\d{1,4})\s?[-–]\s?(\d{1,4})(?![\p{L}\p{N}_.\-%])`,
      (_, from = '', to = '') => `${from} to ${to}`,
    ],
    [String.raw`(?<![\p{L}\p{N}_+])\+(?=\d)`, () => 'plus '],
    ...Object.entries(file.symbols).map(([sign, word]): [string, () => string] => [
      '=<>~'.includes(sign) ? String.raw`(?<=\S) ?${escaped(sign)} ?(?=\S)` : escaped(sign),
      () => (word === '' ? ' ' : ` ${word} `),
    ]),
  ]
  return rules.map(([pattern, by]) => [new RegExp(pattern, 'gu'), by])
}

/** Writes out what the lexicon cannot read: times, dates, units, sums, abbreviations, numerals, signs. One line. */
export function createNormalizer(file: Static<typeof NormalizeFile>): (text: string) => string {
  const replacements = [...figures(file), ...signs(file)]
  const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim()
  return text => {
    let written = oneLine(text).replaceAll('’', "'").replaceAll('‒', '-').replaceAll('―', '—')
    for (const [pattern, by] of replacements) written = written.replace(pattern, by)
    return oneLine(written).replace(/ +([,.;:!?])/g, '$1')
  }
}
