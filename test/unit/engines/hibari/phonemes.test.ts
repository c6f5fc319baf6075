import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { createLexicon } from '../../../../server/engines/hibari/g2p/lexicon.ts'
import { createNormalizer } from '../../../../server/engines/hibari/g2p/normalize.ts'
import { cardinal, decimal, ordinal, year } from '../../../../server/engines/hibari/g2p/numbers.ts'
import { createPhonemes } from '../../../../server/engines/hibari/g2p/phonemes.ts'
import { stressed } from '../../../../server/engines/hibari/g2p/stress.ts'
import { createTagger } from '../../../../server/engines/hibari/g2p/tagger.ts'
import { createTokenizer } from '../../../../server/engines/hibari/g2p/tokenize.ts'
import { createJsonTable } from '../../../../server/engines/hibari/jsonTable.ts'
import { sentencesOf, withinLimit } from '../../../../server/engines/hibari/sentences.ts'

const fixture = (name: string) => {
  const file = readFileSync(new URL(`../../../fixtures/hibari/${name}`, import.meta.url))
  return name.endsWith('.gz') ? gunzipSync(file) : file
}
const json = (name: string) => JSON.parse(fixture(name).toString('utf8'))
const readings: { text: string; normalized: string; phonemes: string[] }[] = json('readings.json')
const spelled: Record<string, string> = json('spelled.json')
const words = json('normalize.json')

const normalize = createNormalizer(words)
const phonemes = createPhonemes({
  lexicon: createLexicon(fixture('lexicon_gold.json'), fixture('lexicon_silver.json')),
  normalize,
  tokenize: createTokenizer(json('tokenizer_exceptions.json')),
  tags: createTagger(fixture('tagger.json.gz')),
  spell: async word => spelled[word] ?? null,
})

describe('as the reference reads', () => {
  it.each(readings)('$text', async ({ text, phonemes: expected }) => {
    const said: string[] = []
    for (const sentence of sentencesOf(text, words.titles)) said.push(await phonemes(sentence))
    expect(said).toEqual(expected)
  })

  it.each([
    ['It is 7:05 pm, or 19:30:01.', 'It is seven oh five P.M., or nineteen thirty and one second.'],
    ['On 2019-10-12 it was -5°C.', 'On October twelfth, 2019 it was -5 degrees Celsius.'],
    [
      '13/2/31, 1/2, 2/3, 5/17, 30/40',
      'February thirteenth, 1931, one half, 2 thirds, May seventeenth, 30 slash 40',
    ],
    ['USD 1, ¥300, $3.2B, 5¢', '1 dollar, 300 yen, 3.2 billion dollars, 5 cents'],
    ['He ran 1 km in 5 min.', 'He ran 1 kilometer in 5 minutes.'],
    ['Chapter IV of Henry VIII', 'Chapter 4 of Henry the eighth'],
    ['Dr. Lee, 5 Main St.', 'Dr Lee, 5 Main Street.'],
    ['212-555-1234', '2 1 2, 5 5 5, 1 2 3 4'],
    ['No. 5, #7, 2-3, +4', 'Number 5, number 7, 2 to 3, plus 4'],
    ['25:61 and 32 May', '25:61 and 32 May'],
  ])('%s is written out', (text, expected) => {
    expect(normalize(text)).toBe(expected)
  })
})

it('names numbers', () => {
  expect(['0', '007', '1001', '21000', '1234567'].map(cardinal)).toEqual([
    ...['zero', 'seven', 'one thousand one', 'twenty-one thousand'],
    'one million two hundred thirty-four thousand five hundred sixty-seven',
  ])
  expect(cardinal('1'.repeat(40))).toBe(Array.from({ length: 40 }, () => 'one').join(' '))
  expect(['1', '12', '20', '23', '100'].map(ordinal)).toEqual([
    ...['first', 'twelfth', 'twentieth', 'twenty-third', 'one hundredth'],
  ])
  expect(['1900', '1905', '1984', '2000', '2005', '2024', '0050'].map(year)).toEqual([
    ...['nineteen hundred', 'nineteen oh-five', 'nineteen eighty-four', 'two thousand', 'two thousand five'],
    ...['twenty twenty-four', 'fifty'],
  ])
  expect(['3.140', '.5', '2.0'].map(decimal)).toEqual(['three point one four', 'zero point five', 'two'])
})

it('moves stress from a word or to it', () => {
  expect([null, -2, -1, 0, 1].map(amount => stressed('əbˈAndˌ', amount))).toEqual([
    ...['əbˈAndˌ', 'əbAnd', 'əbˌAnd', 'əbˌAnd', 'əbˈAndˌ'],
  ])
  expect([0, 2].map(amount => stressed('stɹIk', amount))).toEqual(['stɹˌIk', 'stɹˈIk'])
  expect(stressed('hˌWzd', 1)).toBe('hˈWzd')
  expect(stressed('pst', 2)).toBe('pst')
})

describe('a table of JSON', () => {
  const entries: Record<string, unknown> = { 'a"b': 'x', 'é\\': { n: [1, '}'] }, '': null, toString: 2 }
  for (let at = 0; at < 3000; at++) entries[`name ${at}`] = at

  it('gives every value by its name, and nothing for others', () => {
    const table = createJsonTable(Buffer.from(JSON.stringify(entries)))
    for (const [name, value] of Object.entries(entries))
      expect(JSON.parse(String(table(name)))).toEqual(value)
    for (const name of ['a', 'name', 'name 3000', 'constructor']) expect(table(name)).toBeUndefined()
  })

  it('says so where it is none', () => {
    for (const text of ['{"a" :1}', '{"a":"b', '{"a'])
      expect(() => createJsonTable(Buffer.from(text))).toThrow('JSON')
    expect(createJsonTable(Buffer.from('{}'))('a')).toBeUndefined()
  })
})

it('gives the network no more than it was trained on, cut where a person would pause', () => {
  expect(withinLimit('')).toEqual([])
  expect(withinLimit('a, b')).toEqual(['a, b'])
  const long = `${'abcd '.repeat(60)}ef, ${'ghij '.repeat(60)}`.trim()
  expect(withinLimit(long)).toEqual([`${'abcd '.repeat(60)}ef,`, 'ghij '.repeat(60).trim()])
  expect(withinLimit('x'.repeat(1000)).map(part => part.length)).toEqual([400, 400, 200])
  const many = withinLimit('one two '.repeat(500))
  expect(many.join(' ')).toBe('one two '.repeat(500).trim())
  for (const part of many) expect(part.length).toBeLessThanOrEqual(401)
})
