import type { Dice } from './attack.ts'

/** As much of JSON schema as our routes and messages are written in. */
export type Schema = {
  type?: string
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  minimum?: number
  maximum?: number
  format?: string
}

/** True in so much of all cases. */
export const chance = (dice: Dice, share: number): boolean => dice.below(1000) < share * 1000

/** Values that are easily taken for others: by type, by size, by what a parser, a file system or a database makes of them. */
const hostile: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 1e308, -1e308, 2 ** 53, '', ' ', '0', 'null', 'NaN', '-0', '1e999'],
  ...['\0', 'a\0b', '\r\nX-Injected: 1', '\ud800', '\udfff\ud800', '\u202e', '\ufeff', 'İ', 'e\u0301', '𝕏'],
  ...[
    '../../etc/passwd',
    '..%2f..%2fetc%2fpasswd',
    '/dev/zero',
    'file:///etc/passwd',
    'C:\\con',
    '%00',
    '%zz',
  ],
  ...[
    "' OR 1=1 --",
    '"; DROP TABLE turns; --',
    '$(id)',
    '`id`',
    '{{7*7}}',
    '<script>alert(1)</script>',
    '=1+1',
  ],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', '9'.repeat(400), 'a'.repeat(70_000)],
  ...['2026-02-30T25:61:61Z', '0000-00-00T00:00:00Z', '+275760-09-13T00:00:00.001Z', '2026-01-01'],
  ...[[], {}, [[]], [null], { length: 1e9 }, { toString: 1 }, Array(2000).fill(0), nested(2000)],
]

function nested(depth: number): unknown {
  let value: unknown = 0
  for (let level = 0; level < depth; level++) value = [value]
  return value
}

/** A value that the schema takes, or nearly: patterns are not looked at. */
export function valueFor(schema: Schema, dice: Dice): unknown {
  if ('const' in schema) return schema.const
  if (schema.enum) return dice.oneOf(schema.enum)
  if (schema.anyOf) return valueFor(dice.oneOf(schema.anyOf), dice)
  const { minimum = 0, maximum = minimum + 100 } = schema
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {})
          .filter(([name]) => schema.required?.includes(name) || chance(dice, 0.5))
          .map(([name, property]) => [name, valueFor(property, dice)]),
      )
    case 'array':
      return Array.from({ length: dice.below(3) }, () => valueFor(schema.items ?? {}, dice))
    case 'integer':
      return Math.floor(minimum) + dice.below(maximum - minimum + 1)
    case 'number':
      return minimum + (dice.below(1000) / 1000) * (maximum - minimum)
    case 'boolean':
      return chance(dice, 0.5)
    case 'string':
      if (schema.format === 'date-time') return new Date(dice.below(2e12)).toISOString()
      if (schema.format === 'uuid') return '0190a6b0-0000-7000-8000-000000000000'
      return dice.oneOf(['en', 'hello', 'smollm2:135m', 'flite:slt', 'none', 'tea-time'])
    default:
      return dice.oneOf(hostile)
  }
}

/** A value with one to three things wrong: a value, its name, its absence, one too many. */
export function broken(value: unknown, dice: Dice): unknown {
  let result = value
  for (let left = 1 + dice.below(3); left > 0; left--) result = breakOnce(result, dice)
  return result
}

function breakOnce(value: unknown, dice: Dice): unknown {
  if (typeof value !== 'object' || value === null || chance(dice, 0.05)) return dice.oneOf(hostile)
  const entries = Object.entries(value)
  const [name = 'x', inner] = entries[dice.below(entries.length)] ?? []
  const changed = dice.oneOf<() => [string, unknown][]>([
    () => entries.filter(entry => entry[0] !== name),
    () => [...entries, [name, dice.oneOf(hostile)]],
    () => [...entries, [name, breakOnce(inner, dice)]],
    () => [...entries, [`${JSON.stringify(dice.oneOf(hostile))}`.slice(0, 100), dice.oneOf(hostile)]],
    () => [...entries, [dice.oneOf(['__proto__', 'constructor', 'toString', 'length', 'type']), {}]],
  ])()
  // `__proto__` as a name of its own, as JSON.parse makes it.
  const result = Object.create(null)
  for (const [key, each] of changed)
    Object.defineProperty(result, key, { value: each, enumerable: true, configurable: true })
  return result
}

/** JSON of a value, or what is nearly JSON. */
export function brokenJson(value: unknown, dice: Dice): string {
  const text = JSON.stringify(value) ?? ''
  if (chance(dice, 0.85)) return text
  const at = dice.below(text.length)
  return dice.oneOf([
    text.slice(0, at),
    text.slice(0, at) + dice.oneOf(['\0', '"', '{', ']', ',', '\\u00', '\ufeff', 'NaN']) + text.slice(at),
    text + text,
    '['.repeat(50_000),
    '{"a":'.repeat(20_000),
    `{"type":"text","type":${text}}`,
    '',
  ])
}
