import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { asciiForFlite } from '../../../server/voice/flite/flite.ts'
import { speakable } from '../../../server/voice/speakable.ts'

const cases = (name: string, table: readonly [text: string, said: string][]) =>
  describe(name, () => {
    test.each(table)('%j is said as %j', (text, said) => expect(speakable(text)).toBe(said))
  })

cases('emphasis', [
  ['It is **very** good.', 'It is very good.'],
  ['*one* _two_ __three__ ***four*** ~~five~~', 'one two three four five'],
  ['**Note. This', 'Note. This'],
  ['end** of it', 'end of it'],
  ["I'm *not* sure", "I'm not sure"],
  ['snake_case stays two words', 'snake case stays two words'],
  ['\\*not bold\\*', 'not bold'],
])

cases('blocks', [
  ['# Title', 'Title'],
  ['### Title ###', 'Title'],
  ['- item', 'item'],
  ['* item', 'item'],
  ['• item', 'item'],
  ['- [x] done', 'done'],
  ['3. Dry it', '3, Dry it'],
  ['3) Dry it', '3, Dry it'],
  ['> quoted', 'quoted'],
  ['---', ''],
  ['Title\n=====', 'Title'],
  ['| a | b |', 'a, b'],
  ['|---|:--:|', ''],
  ['```js\nfoo()\n```', 'Code block.'],
  ['```js\nfoo()', 'Code block.'],
  ['~~~\n```\n~~~', 'Code block.'],
  ['Two\nlines', 'Two lines'],
])

cases('code, links and HTML', [
  ['Use `x` here.', 'Use x here.'],
  ['Call `getUserName()` or `user_name`.', 'Call get User Name or user name.'],
  ['``a ` b``', 'a b'],
  ['[the docs](https://x.y/z)', 'the docs'],
  ['[Foo](https://x.y/Foo_(bar)) is', 'Foo is'],
  ['![a cat](cat.png)', 'a cat'],
  ['[text][ref] and[^1] more', 'text and more'],
  ['<b>bold</b><br/>next', 'bold, next'],
  ['<!-- hidden -->shown', 'shown'],
  ['R&amp;D &lt;&nbsp;&#233;&#x41;', 'R and D éA'],
  ['a < b', 'a b'],
])

cases('addresses', [
  ['See https://www.example.com/a/b?c=d#e.', 'See example dot com.'],
  ['See www.example.com, please', 'See example dot com, please'],
  ['(see https://example.com/a)', '(see example dot com)'],
  ['<https://example.com>', 'example dot com'],
  ['http://localhost:3000/x', 'localhost'],
  ['Write to john.doe@example.co.uk.', 'Write to john dot doe at example dot co dot uk.'],
])

cases('emoji', [
  ['Nice 👍🏽!', 'Nice!'],
  ['👨‍👩‍👧 family 🇫🇷', 'family'],
  ['1️⃣ first', 'first'],
  ['🎉', ''],
  ['(😀)', ''],
  ['I ❤️ it', 'I it'],
])

cases('numbers and symbols', [
  ['20°C or 68 °F, 90°', '20 degrees Celsius or 68 degrees Fahrenheit, 90 degrees'],
  ['20% off', '20 percent off'],
  ['$5, $1, $3.50 and $1,000.', '5 dollars, 1 dollar, 3.50 dollars and 1,000 dollars.'],
  ['€5, £1, 5€, 5 €', '5 euros, 1 pound, 5 euros, 5 euros'],
  ['$1.2 million', '1.2 million dollars'],
  ['3.14, 1,000, 5:30, 2024-05-06, 1/2', '3.14, 1,000, 5:30, 2024-05-06, 1/2'],
  ['10–20', '10 to 20'],
  ['−5 and -5', '-5 and -5'],
  ['2 + 2 = 4', '2 plus 2 equals 4'],
  ['2 * 3, 2*3, 2×3', '2 times 3, 2 times 3, 2 times 3'],
  ['5 - 3', '5 minus 3'],
  ['2**3 and x^2 and m²', '2 to the power of 3 and x to the power of 2 and m squared'],
  ['5 > 3 >= 3 < 4', '5 is greater than 3 at least 3 is less than 4'],
  ['a -> b', 'a to b'],
  ['R&D & more', 'R and D and more'],
  ['and/or, he/she, TCP/IP', 'and or, he or she, TCP IP'],
  ['C++ and C#', 'C plus plus and C sharp'],
  ['#3 and ~5', 'number 3 and about 5'],
  ['2½ cups, ¼ cup', '2 and one half cups, one quarter cup'],
  ['.5', '.5'],
])

cases('letters and punctuation', [
  ['“Hi,” he’d say…', '"Hi," he\'d say...'],
  ['one — two–three – four -- five', 'one, two-three, four, five'],
  ['café naïve Łódź Straße œuvre', 'café naïve Łódź Straße œuvre'],
  ['no\u00a0break', 'no break'],
  ['ﬁne ２', 'fine 2'],
  ['...', ''],
  ['  ', ''],
  ['', ''],
  ['Привет ☃ 你好。', 'Привет 你好。'],
  ['Is it? Yes!', 'Is it? Yes!'],
])

describe('another language', () => {
  test('keeps its letters and symbols and loses its markup', () => {
    expect(speakable('**Où** est [le café](https://x.y) à 5 % ? 😀', 'fr')).toBe('Où est le café à 5 %?')
    expect(speakable('你好 **世界**', 'zh-CN')).toBe('你好 世界')
  })
})

describe('any text', () => {
  const marks = fc.constantFrom(...'*_`~#>-|[](){}<>!&;:.,/\\@$%^=+0123 \n\tabé“—😀'.split(''))
  const texts = fc.oneof(
    fc.string({ unit: marks, maxLength: 80 }),
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.string({ unit: 'binary', maxLength: 60 }),
  )
  test('comes out as one line without symbols, trimmed, with something to say or empty; for flite as ASCII', () => {
    fc.assert(
      fc.property(texts, text => {
        const said = speakable(text)
        expect(said).toMatch(/^[\p{L}\p{M}\p{N}\p{P}\x20-\x7e]*$/u)
        expect(asciiForFlite(said)).toMatch(/^[\x20-\x7e]*$/)
        expect(said).toBe(said.trim())
        if (said !== '') expect(said).toMatch(/[\p{L}\p{N}]/u)
      }),
      { numRuns: 2000 },
    )
  })
  test('keeps every plain word', () => {
    const word = fc.string({ unit: fc.constantFrom(...'abcdefgh'), minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 20 }), words => {
        expect(speakable(words.join(' '))).toBe(words.join(' '))
      }),
    )
  })
})
