import type { Rule } from './speakableRules.ts'

/** One and many, then one and many of its hundredths where it has any. */
type Currency = readonly [one: string, many: string, part?: string, parts?: string]
const currencies: Record<string, Currency> = {
  $: ['dollar', 'dollars', 'cent', 'cents'],
  '€': ['euro', 'euros', 'cent', 'cents'],
  '£': ['pound', 'pounds', 'penny', 'pence'],
  '¥': ['yen', 'yen'],
  '₹': ['rupee', 'rupees'],
}
const NUMBER = String.raw`\d+(?:,\d{3})*(?:\.\d+)?`
const SCALE = String.raw`(?:\s?(thousand|million|billion|trillion)\b|([kKmM]|bn?|B|tn|T)(?![\p{L}\p{N}]))?`
const scales: Record<string, string> = {
  k: 'thousand',
  m: 'million',
  b: 'billion',
  bn: 'billion',
  t: 'trillion',
  tn: 'trillion',
}
/** Not in the middle of a longer number, date, version or name. */
const [START, END] = [String.raw`(?<![\p{L}\p{N}.,/-])`, String.raw`(?![\p{L}\p{N}/-]|[.,]\d)`]

/** 3 dollars and 50 cents; a fraction that is no hundredths stays one. */
function money(sign: string, number: string, scale: string | undefined): string {
  const [one, many, part, parts] = currencies[sign] ?? ['', '']
  if (scale !== undefined) return `${number} ${scales[scale.toLowerCase()] ?? scale} ${many}`
  const [whole = '', hundredths] = number.split('.')
  if (hundredths?.length !== 2 || part === undefined) return `${number} ${number === '1' ? one : many}`
  const units = `${whole} ${whole === '1' ? one : many}`
  const left = Number(hundredths)
  const cents = `${left} ${left === 1 ? part : parts}`
  return left === 0 ? units : Number(whole) === 0 ? cents : `${units} and ${cents}`
}

const unit =
  (one: string, many: string) =>
  (_: string, number = '') =>
    `${number} ${number === '1' ? one : many}`
const byDigit = (digits: string) =>
  digits
    .replaceAll('-', ',')
    .replace(/(?<=\d)(?=\d)/g, ' ')
    .replace(/,/g, ', ')
const areas: Record<string, string> = {
  m: 'meters',
  km: 'kilometers',
  cm: 'centimeters',
  mm: 'millimeters',
  ft: 'feet',
  mi: 'miles',
  in: 'inches',
}
const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
const weekday = (short: string) => weekdays.find(day => day.startsWith(short)) ?? short
const months = 'Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec'

/** Sums, ranges, telephone numbers, lengths and days as they are said; what is left of numbers the voices read. */
export const figureWords: readonly Rule[] = [
  [/(?<![\p{L}\p{N}).\-–]|[\p{N})]\s)[-−](?=\d)/gu, 'minus '],
  [
    new RegExp(String.raw`([$€£¥₹])\s?(${NUMBER})\s?[-–]\s?[$€£¥₹]?(${NUMBER})${SCALE}`, 'gu'),
    (_, sign = '', from = '', to = '', scale, short) => `${from} to ${money(sign, to, scale ?? short)}`,
  ],
  [
    new RegExp(String.raw`([$€£¥₹])\s?(${NUMBER})${SCALE}`, 'gu'),
    (_, sign = '', number = '', scale, short) => money(sign, number, scale ?? short),
  ],
  [
    new RegExp(String.raw`(${NUMBER})(?:\s(thousand|million|billion|trillion)\b)?\s?([$€£¥₹])`, 'gu'),
    (_, number = '', scale, sign = '') => money(sign, number, scale),
  ],
  [new RegExp(String.raw`(${NUMBER})\s?¢`, 'g'), unit('cent', 'cents')],
  // Versions and addresses.
  [/(?<![\d.])\d+(?:\.\d+){2,}(?!\d)/g, (all = '') => all.replaceAll('.', ' dot ')],
  [/\b24\/7\b/g, '24 7'],
  [/(\d{1,2})\s?['′’]\s?(\d{1,2})\s?(?:["″”]|'')/g, '$1 foot $2'],
  [
    /(\d)\s?(m|km|cm|mm|ft|mi|in)([²³])/g,
    (_, digit = '', short = '', exponent) =>
      `${digit} ${exponent === '²' ? 'square' : 'cubic'} ${areas[short]}`,
  ],
  [new RegExp(String.raw`${START}(?:\d{3}-)?\d{3}-\d{4}${END}`, 'gu'), (digits = '') => byDigit(digits)],
  [/(?<=\b(?:[Cc]all|[Dd]ial)\s)\d{3}(?![\d.,:-]*\d| \p{L}+s\b)/gu, (digits = '') => byDigit(digits)],
  [new RegExp(String.raw`${START}(\d{1,4})[-–]([1-9]\d{0,3}|0)${END}(?!\s?=)`, 'gu'), '$1 to $2'],
  [
    // "6 - 12 years": a sum is written with a larger number first, or has a result.
    /(?<![\d.,]|[=+*×]\s?)(\d{1,4})\s[-–]\s(\d{1,4})(?=\s(?!is\b|equals\b)\p{Ll}|\s?%)/gu,
    (all = '', from = '', to = '') => (Number(from) < Number(to) ? `${from} to ${to}` : all),
  ],
  [new RegExp(String.raw`${START}(${NUMBER})\s?g(?![\p{L}\p{N}])`, 'gu'), unit('gram', 'grams')],
  [new RegExp(String.raw`${START}(${NUMBER})\sW(?![\p{L}\p{N}])`, 'gu'), unit('watt', 'watts')],
  [new RegExp(String.raw`${START}(${NUMBER})\sV(?![\p{L}\p{N}])`, 'gu'), unit('volt', 'volts')],
  [new RegExp(String.raw`${START}(${NUMBER})\sin\.(?=[\s,]+\p{Ll}|$)`, 'gu'), unit('inch', 'inches')],
  [/\b(Mon|Tues?|Wed|Thu(?:rs?)?|Fri)\.(?=\s)/g, (_, day = '') => weekday(day)],
  [
    new RegExp(String.raw`\b(Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)\.?(?=,? (?:\d|(?:${months})))`, 'g'),
    (_, day = '') => weekday(day),
  ],
]
