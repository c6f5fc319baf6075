import { describe, expect, test } from 'vitest'
import {
  comparedWords,
  normalizeEnglish,
  normalizeSpellings,
} from '../../../server/lab/judging/words/normalizeEnglish.ts'
import { normalizeNumbers } from '../../../server/lab/judging/words/numbers.ts'

describe('test cases of openai/whisper (tests/test_normalizer.py, MIT)', () => {
  const numbers: [string, string][] = [
    ['two', '2'],
    ['thirty one', '31'],
    ['five twenty four', '524'],
    ['nineteen ninety nine', '1999'],
    ['twenty nineteen', '2019'],
    ['two point five million', '2500000'],
    ['four point two billions', '4200000000s'],
    ['200 thousand', '200000'],
    ['200 thousand dollars', '$200000'],
    ['$20 million', '$20000000'],
    ['€52.4 million', '€52400000'],
    ['£77 thousands', '£77000s'],
    ['two double o eight', '2008'],
    ['three thousand twenty nine', '3029'],
    ['forty three thousand two hundred sixty', '43260'],
    ['forty three thousand two hundred and sixty', '43260'],
    ['nineteen fifties', '1950s'],
    ['thirty first', '31st'],
    ['thirty three thousand and three hundred and thirty third', '33333rd'],
    ['three billion', '3000000000'],
    ['millions', '1000000s'],
    ['july third twenty twenty', 'july 3rd 2020'],
    ['august twenty sixth twenty twenty one', 'august 26th 2021'],
    ['3 14', '3 14'],
    ['3.14', '3.14'],
    ['3 point 2', '3.2'],
    ['3 point 14', '3.14'],
    ['fourteen point 4', '14.4'],
    ['two point two five dollars', '$2.25'],
    ['two hundred million dollars', '$200000000'],
    ['$20.1 million', '$20100000'],
    ['ninety percent', '90%'],
    ['seventy six per cent', '76%'],
    ['double oh seven', '007'],
    ['double zero seven', '007'],
    ['nine one one', '911'],
    ['nine double one', '911'],
    ['one triple oh one', '10001'],
    ['two thousandth', '2000th'],
    ['thirty two thousandth', '32000th'],
    ['minus 500', '-500'],
    ['positive twenty thousand', '+20000'],
    ['two dollars and seventy cents', '$2.70'],
    ['3 cents', '¢3'],
    ['$0.36', '¢36'],
    ['three euros and sixty five cents', '€3.65'],
    ['three and a half million', '3500000'],
    ['forty eight and a half dollars', '$48.5'],
    ['b747', 'b 747'],
    ['10 th', '10th'],
    ['10th', '10th'],
  ]
  test.each(numbers)('%s', (text, expected) => {
    expect(normalizeNumbers(text)).toBe(expected)
    expect(normalizeEnglish(text)).toBe(expected)
  })

  test('spelling', () => {
    expect(normalizeSpellings('mobilisation')).toBe('mobilization')
    expect(normalizeSpellings('cancelation')).toBe('cancellation')
  })

  const texts: [string, string][] = [
    ["Let's", 'let us'],
    ["he's like", 'he is like'],
    ["she's been like", 'she has been like'],
    ['10km', '10 km'],
    ['10mm', '10 mm'],
    ['RC232', 'rc 232'],
    ['Mr. Park visited Assoc. Prof. Kim Jr.', 'mister park visited associate professor kim junior'],
  ]
  test.each(texts)('%s', (text, expected) => {
    expect(normalizeEnglish(text)).toBe(expected)
  })
})

/** What the original says at commit c0d2f62; they take the branches that its own cases leave out. */
describe('outputs of the original', () => {
  const outputs: [string, string][] = [
    ["What's the weather like?", 'what is the weather like'],
    ['twenty five sixths', '25 sixths'],
    ['one two three', '123'],
    ['one eleven', '111'],
    ['twenty eleven', '2011'],
    ['thirty o five', '3005'],
    ['two hundred and six', '206'],
    ['and two', 'and 2'],
    ['two and three', '2 and 3'],
    ['point five', '.5'],
    ['three point', '3 point'],
    ['three point million', '3000000'],
    ['zero million', '0'],
    ['one point two three thousandths', 'one.23 thousandths'],
    ['0.0005 thousand', '0.0005 1000'],
    ['half past two', 'half past 2'],
    ['two and a half', '2.5'],
    ['four and a half dogs and a half', '4.5 dogs and a half'],
    ['a half and a half', 'a half and a half'],
    ['minus two degrees', '-2 degrees'],
    ['minus the cat', 'minus the cat'],
    ['positive', 'positive'],
    ['five per cat', '5 per cat'],
    ['five per cent per year', '5% per year'],
    ['percent', 'percent'],
    ['ten percent', '10%'],
    ['double trouble', 'double trouble'],
    ['double thirty', 'double 30'],
    ['triple seven', '777'],
    ['twenty one pounds', '£21'],
    ['pounds', 'pounds'],
    ['a dollar', 'a dollar'],
    ['$1 and 5 cents', ' one.05'],
    ['£0.07', '¢7'],
    ['one', 'one'],
    ['ones', 'ones'],
    ['1s', 'ones'],
    ['the 1st one', 'the 1st one'],
    ['192.168.0.1', '192.168.0 one'],
    ['3 point one four', '3.14'],
    ['version 1.2.3', 'version one.2.3'],
    ['B747 and A 380s', 'b 747 and a 380s'],
    ["naïve Æsop's œuvre — straße", 'naive aesop is oeuvre strasse'],
    ['[noise] hello <unk> (aside) there', 'hello there'],
    ['uh, hmm, mhm okay', 'okay'],
    ["rock 'n' roll", 'rock n roll'],
    ["they'd gone; he's got it", 'they had gone he has got it'],
    ["I'ma go, y'all", 'i am going to go you all'],
    ['colour of grey organised theatres', 'color of gray organized theaters'],
    ['$ 5 % of €', ' 5 of €'],
    ['e.g. 5.', 'e g 5'],
    ['the émr and the mr', 'the emr and the mister'],
    ['½ of x²', 'one 2 of x 2'],
    ['million thousand', '1000000'],
    ['two thousand million and five', '2005'],
    ['sixes and sevens', '6s and 7s'],
    ['zeroth twentieth hundredth thousandths', '0th 20th 100th thousandths'],
    ['nineteen sixty ones', '1961s'],
    ['oh oh seven', '007'],
    ['thousand and one nights', '1001 nights'],
    ['5 plus five', '5 +5'],
    ['thirty third second', '33rd 2nd'],
    ['seven hundred and first', '701st'],
    ['two thousand twentieth', '2020th'],
    ['fourteen fifteenths hundred sixteenth', '14 fifteenths 116th'],
  ]
  test.each(outputs)('%s', (text, expected) => {
    expect(normalizeEnglish(text)).toBe(expected)
  })
})

test('typographic apostrophes are compared as plain ones', () => {
  expect(comparedWords(' What’s the well-known “weather” LIKE?\n')).toEqual(
    comparedWords("what's the well known weather like"),
  )
})

test('numbers beyond what a double holds stay exact', () => {
  expect(normalizeNumbers('nine decillion and seven')).toBe('9000000000000000000000000000000007')
})
