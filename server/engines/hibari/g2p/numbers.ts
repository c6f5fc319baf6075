/** English number words, without "and": what reads them splits at everything but letters. */

const ones = [
  ...['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven'],
  ...['twelve', 'thirteen', 'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen'],
]
const tens = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety']
const scales = [
  ...['', 'thousand', 'million', 'billion', 'trillion', 'quadrillion', 'quintillion', 'sextillion'],
  ...['septillion', 'octillion', 'nonillion', 'decillion'],
]
const irregularOrdinals = new Map([
  ['one', 'first'],
  ['two', 'second'],
  ['three', 'third'],
  ['five', 'fifth'],
  ['eight', 'eighth'],
  ['nine', 'ninth'],
  ['twelve', 'twelfth'],
])

function belowThousand(number: number): string {
  const words: string[] = []
  const rest = number % 100
  if (number >= 100) words.push(`${ones[Math.floor(number / 100)]} hundred`)
  if (rest >= 20) words.push([tens[Math.floor(rest / 10)], ...(rest % 10 ? [ones[rest % 10]] : [])].join('-'))
  else if (rest > 0 || number === 0) words.push(ones[rest] ?? '')
  return words.join(' ')
}

/** Decimal digits as a number; those of a number that has no name are read one by one. */
export function cardinal(digits: string): string {
  const significant = digits.replace(/^0+(?=\d)/, '')
  if (significant.length > scales.length * 3)
    return [...significant].map(digit => ones[Number(digit)]).join(' ')
  const groups = significant.split(/(?=(?:\d{3})+$)/).map(Number)
  const words = groups.flatMap((group, at) => {
    const scale = scales[groups.length - 1 - at] ?? ''
    return group === 0 && groups.length > 1 ? [] : [`${belowThousand(group)} ${scale}`.trimEnd()]
  })
  return words.join(' ')
}

/** twenty-third, one hundred first */
export const ordinal = (digits: string): string =>
  cardinal(digits).replace(/[a-z]+$/, last => irregularOrdinals.get(last) ?? `${last.replace(/y$/, 'ie')}th`)

/** Four digits as a year: nineteen oh-five, two thousand five, twenty ten. */
export function year(digits: string): string {
  const [high, low] = [Number(digits.slice(0, -2)), Number(digits.slice(-2))]
  if (high === 0 || (high % 10 === 0 && low < 10)) return cardinal(digits)
  const last = low === 0 ? 'hundred' : low < 10 ? `oh-${ones[low]}` : belowThousand(low)
  return `${belowThousand(high)} ${last}`
}

/** three point one four; zeros at the end are not said. */
export function decimal(number: string): string {
  const [whole = '', fraction = ''] = number.split('.')
  const said = fraction.replace(/0+$/, '')
  const digits = [...said].map(digit => ones[Number(digit)])
  return [cardinal(whole === '' ? '0' : whole), ...(said === '' ? [] : ['point', ...digits])].join(' ')
}
