/** The words of English numbers; port of the tables of `EnglishNumberNormalizer` of openai/whisper (see README.md). */

type WithSuffix = readonly [value: bigint, suffix: string]
type Suffixed = ReadonlyMap<string, WithSuffix>
const entry = (word: string, value: bigint, suffix: string): [string, WithSuffix] => [word, [value, suffix]]

const oneNames = [
  ...['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'],
  ...['thirteen', 'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen'],
]
const tenNames = ['twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety']
const multiplierNames = [
  ...['thousand', 'million', 'billion', 'trillion', 'quadrillion', 'quintillion', 'sextillion'],
  ...['septillion', 'octillion', 'nonillion', 'decillion'],
]
const ownOrdinals = ['one', 'two', 'three', 'five', 'twelve']

export const zeros: ReadonlySet<string> = new Set(['o', 'oh', 'zero'])
export const ones: ReadonlyMap<string, bigint> = new Map(oneNames.map((name, i) => [name, BigInt(i + 1)]))
export const onesSuffixed: Suffixed = new Map([
  ...[...ones].map(([name, value]) => entry(name === 'six' ? 'sixes' : `${name}s`, value, 's')),
  entry('zeroth', 0n, 'th'),
  entry('first', 1n, 'st'),
  entry('second', 2n, 'nd'),
  entry('third', 3n, 'rd'),
  entry('fifth', 5n, 'th'),
  entry('twelfth', 12n, 'th'),
  ...[...ones]
    .filter(([name]) => !ownOrdinals.includes(name))
    .map(([name, value]) => entry(name + (name.endsWith('t') ? 'h' : 'th'), value, 'th')),
])
export const tens: ReadonlyMap<string, bigint> = new Map(
  tenNames.map((name, i) => [name, BigInt(i + 2) * 10n]),
)
export const tensSuffixed: Suffixed = new Map([
  ...[...tens].map(([name, value]) => entry(name.replace('y', 'ies'), value, 's')),
  ...[...tens].map(([name, value]) => entry(name.replace('y', 'ieth'), value, 'th')),
])
export const multipliers: ReadonlyMap<string, bigint> = new Map([
  ['hundred', 100n],
  ...multiplierNames.map((name, i) => [name, 1000n ** BigInt(i + 1)] as const),
])
export const multipliersSuffixed: Suffixed = new Map([
  ...[...multipliers].map(([name, value]) => entry(`${name}s`, value, 's')),
  ...[...multipliers].map(([name, value]) => entry(`${name}th`, value, 'th')),
])

/** Signs by the words before a number, currencies by the words after it. */
export const signs: ReadonlyMap<string, string> = new Map([
  ['minus', '-'],
  ['negative', '-'],
  ['plus', '+'],
  ['positive', '+'],
])
export const currencies: ReadonlyMap<string, string> = new Map([
  ['pound', '£'],
  ['pounds', '£'],
  ['euro', '€'],
  ['euros', '€'],
  ['dollar', '$'],
  ['dollars', '$'],
  ['cent', '¢'],
  ['cents', '¢'],
])
export const prefixes: ReadonlySet<string> = new Set([...signs.values(), ...currencies.values()])

export const isDecimal = (word: string) => ones.has(word) || tens.has(word) || zeros.has(word)

const tables = [zeros, ones, onesSuffixed, tens, tensSuffixed, multipliers, multipliersSuffixed]
const others = new Set(['per', 'percent', 'and', 'double', 'triple', 'point'])
/** True for every word that may be part of a number. */
export const isNumberWord = (word: string) =>
  others.has(word) || signs.has(word) || currencies.has(word) || tables.some(table => table.has(word))
