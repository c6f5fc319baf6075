import * as w from './numberWords.ts'

/** A number being put together: whole (`bigint`), or digits as text where they are read out or have a point. */
type Value = bigint | string | null

const numeric = /^\d+(\.\d+)?$/

/** `text` (digits with at most one point) times `multiplier` where that is whole; null else, or for other text. */
function wholeProduct(text: string, multiplier: bigint): bigint | null {
  const [, whole = '', decimals = ''] = /^(\d*)(?:\.(\d*))?$/.exec(text) ?? []
  if (whole + decimals === '') return null
  const scale = 10n ** BigInt(decimals.length)
  const product = BigInt(whole + decimals) * multiplier
  return product % scale === 0n ? product / scale : null
}

/** `value` with `part` said after it: added where there is room for it, else as further digits. */
function joined(value: Value, part: bigint, room: bigint, previous: string | null): bigint | string {
  if (value === null) return part
  const readOut = previous !== null && w.ones.has(previous)
  if (typeof value === 'string' || (part < 20n && readOut)) {
    const replacesZero = part < 10n && previous !== null && w.tens.has(previous)
    return replacesZero ? String(value).slice(0, -1) + part : `${value}${part}`
  }
  return value % room === 0n ? value + part : `${value}${part}`
}

const multiplied = (value: bigint, multiplier: bigint) =>
  (value / 1000n) * 1000n + (value % 1000n) * multiplier

/** `value` as digits to go on with; nothing said yet and 0 both leave none. */
const digits = (value: Value) => (value === null || value === 0n ? '' : String(value))

/** The words of a text with its numbers as digits, signs and currencies in front, `s`, `th`, `%` behind. */
function* numbersOf(words: readonly string[]): Generator<string> {
  let prefix = ''
  let value: Value = null
  let skip = false

  function output(result: Value | string): string {
    const text = prefix + result
    value = null
    prefix = ''
    return text
  }

  for (const [i, current] of words.entries()) {
    if (skip) {
      skip = false
      continue
    }
    const previous = words[i - 1] ?? null
    const next = words[i + 1] ?? ''
    const nextIsNumeric = numeric.test(next)
    const first = current[0] ?? ''
    const bare = w.prefixes.has(first) ? current.slice(1) : current
    const suffixed =
      w.onesSuffixed.get(current) ?? w.tensSuffixed.get(current) ?? w.multipliersSuffixed.get(current)
    const one = w.ones.get(current)
    const ten = w.tens.get(current)
    const multiplier = w.multipliers.get(current)

    if (numeric.test(bare)) {
      if (typeof value === 'string' && value.endsWith('.')) {
        value += current
        continue
      }
      if (value !== null) yield output(value)
      if (bare !== current) prefix = first
      value = wholeProduct(bare, 1n) ?? bare
    } else if (!w.isNumberWord(current)) {
      if (value !== null) yield output(value)
      yield output(current)
    } else if (w.zeros.has(current)) {
      value = `${digits(value)}0`
    } else if (one !== undefined) {
      value = joined(value, one, one < 10n ? 10n : 100n, previous)
    } else if (ten !== undefined) {
      value = joined(value, ten, 100n, null)
    } else if (multiplier !== undefined) {
      if (value === null) value = multiplier
      else if (typeof value === 'string' || value === 0n) {
        const product = wholeProduct(String(value), multiplier)
        if (product === null) yield output(value)
        value = product ?? multiplier
      } else value = multiplied(value, multiplier)
    } else if (suffixed !== undefined) {
      const [part, suffix] = suffixed
      if (!w.multipliersSuffixed.has(current)) {
        const isOne = w.onesSuffixed.has(current)
        const sum = joined(value, part, isOne && part < 10n ? 10n : 100n, isOne ? previous : null)
        yield output(sum + suffix)
      } else if (value === null) yield output(part + suffix)
      else if (typeof value === 'string') {
        const product = wholeProduct(value, part)
        if (product === null) yield output(value)
        yield output((product ?? part) + suffix)
      } else yield output(multiplied(value, part) + suffix)
      value = null
    } else if (w.signs.has(current)) {
      if (value !== null) yield output(value)
      if (w.isNumberWord(next) || nextIsNumeric) prefix = w.signs.get(current) ?? ''
      else yield output(current)
    } else if (w.currencies.has(current)) {
      if (value !== null) {
        prefix = w.currencies.get(current) ?? ''
        yield output(value)
      } else yield output(current)
    } else if (current === 'percent' || current === 'per') {
      if (value === null) yield output(current)
      else if (current === 'percent') yield output(`${value}%`)
      else if (next === 'cent') {
        yield output(`${value}%`)
        skip = true
      } else {
        yield output(value)
        yield output(current)
      }
    } else if (!w.isNumberWord(next) && !nextIsNumeric) {
      // "and", "double", "triple" and "point" are special only before what can be part of a number.
      if (value !== null) yield output(value)
      yield output(current)
    } else if (current === 'and') {
      // "two hundred and six"
      if (previous === null || !w.multipliers.has(previous)) {
        if (value !== null) yield output(value)
        yield output(current)
      }
    } else if (current === 'point') {
      if (w.isDecimal(next) || nextIsNumeric) value = `${digits(value)}.`
    } else if (w.ones.has(next) || w.zeros.has(next)) {
      value = digits(value) + String(w.ones.get(next) ?? 0).repeat(current === 'double' ? 2 : 3)
      skip = true
    } else {
      if (value !== null) yield output(value)
      yield output(current)
    }
  }
  if (value !== null) yield output(value)
}

const wordsOf = (text: string) => text.split(/\s+/).filter(word => word !== '')

/** "and a half" after a number as "point five", and spaces where letters and digits meet but for `1960s` and `10th`. */
function preprocess(text: string): string {
  const segments = text.split(/(?<![\p{L}\p{N}_])and\s+a\s+half(?![\p{L}\p{N}_])/u)
  const results = segments.flatMap((segment, i) => {
    if (segment.trim() === '') return []
    if (i === segments.length - 1) return [segment]
    const last = wordsOf(segment).at(-1) ?? ''
    return [segment, w.isDecimal(last) || w.multipliers.has(last) ? 'point five' : 'and a half']
  })
  return results
    .join(' ')
    .replace(/([a-z])([0-9])/g, '$1 $2')
    .replace(/([0-9])([a-z])/g, '$1 $2')
    .replace(/([0-9])\s+(st|nd|rd|th|s)(?![\p{L}\p{N}_])/gu, '$1$2')
}

/** "$2 and ¢7" as "$2.07", "$0.36" as "¢36", and 1 as "one", which nobody writes as a digit in running text. */
function postprocess(text: string): string {
  return text
    .replace(
      /([€£$])([0-9]+) (?:and )?¢([0-9]{1,2})(?![\p{L}\p{N}_])/gu,
      (_, currency, whole, cents) => `${currency}${whole}.${cents.padStart(2, '0')}`,
    )
    .replace(/[€£$]0.([0-9]{1,2})(?![\p{L}\p{N}_])/gu, (_, cents) => `¢${Number(cents)}`)
    .replace(/(?<![\p{L}\p{N}_])1(s?)(?![\p{L}\p{N}_])/gu, 'one$1')
}

/**
 * Spelled-out numbers as digits: "two point five million" is 2500000, "nineteen fifties" 1950s, "nine one one" 911.
 * Expects lower case without commas. A port of `EnglishNumberNormalizer` of openai/whisper (see README.md).
 */
export function normalizeNumbers(text: string): string {
  return postprocess([...numbersOf(wordsOf(preprocess(text)))].join(' '))
}
