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
  ['a < b', 'a is less than b'],
  ['Use the <think> tag, not <b>it</b>.', 'Use the think tag, not it.'],
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
  ['$5, $1 and $1,000.', '5 dollars, 1 dollar and 1,000 dollars.'],
  ['€5, £1, 5€, 5 €', '5 euros, 1 pound, 5 euros, 5 euros'],
  ['$1.2 million', '1.2 million dollars'],
  ['3.14, 1,000, 5:30, 2024-05-06, 1/2', '3.14, 1,000, 5:30, 2024-05-06, 1/2'],
  ['10–20', '10 to 20'],
  ['−5 and -5, (-3), 2024-05-06', 'minus 5 and minus 5, (minus 3), 2024-05-06'],
  ['2 + 2 = 4', '2 plus 2 equals 4'],
  ['2 * 3, 2*3, 2×3', '2 times 3, 2 times 3, 2 times 3'],
  ['5 - 3', '5 minus 3'],
  ['2**3 and x^2 and m²', '2 to the power of 3 and x to the power of 2 and m squared'],
  ['5 > 3 >= 3 < 4', '5 is greater than 3 at least 3 is less than 4'],
  ['a -> b', 'a to b'],
  ['R&D & more', 'R and D and more'],
  ['and/or, either/or, he/she, TCP/IP', 'and or, either or, he or she, TCP IP'],
  ['a && b > c, Ctrl+C', 'a and b is greater than c, Control plus C'],
  ['e.g. one, i.e., two', 'for example one, that is two'],
  ['C++ and C#', 'C plus plus and C sharp'],
  ['#3 and ~5', 'number 3 and about 5'],
  ['2½ cups, ¼ cup', '2 and one half cups, one quarter cup'],
  ['.5', '.5'],
])

cases('money', [
  [
    '$3.50, £1.01, €1,250.75, $2.00',
    '3 dollars and 50 cents, 1 pound and 1 penny, 1,250 euros and 75 cents, 2 dollars',
  ],
  ['$0.99, $0.01, ¥300, 29¢', '99 cents, 1 cent, 300 yen, 29 cents'],
  [
    '$1.5M, $5k, $75K, €3bn, $2 trillion',
    '1.5 million dollars, 5 thousand dollars, 75 thousand dollars, 3 billion euros, 2 trillion dollars',
  ],
  ['$5-10, $200–$500, £1-2M', '5 to 10 dollars, 200 to 500 dollars, 1 to 2 million pounds'],
  ['$5 Mondays', '5 dollars Mondays'],
  ['$1.125', '1.125 dollars'],
])

cases('ranges, lengths, telephone numbers, days', [
  ['2-3 days, 9-5, 1914-1918. 3-1.', '2 to 3 days, 9 to 5, 1914 to 1918. 3 to 1.'],
  [
    '6 - 12 years, 5 - 10 %, but 5 - 3 and 3 - 5 is',
    '6 to 12 years, 5 to 10 percent, but 5 minus 3 and 3 minus 5 is',
  ],
  ['10-3=7, COVID-19, 1-2-3', '10-3 equals 7, COVID-19, 1-2-3'],
  ['Node 24.21.0. 192.168.0.1', 'Node 24 dot 21 dot 0. 192 dot 168 dot 0 dot 1'],
  ['555-0142. 212-555-1234, call 911', '5 5 5, 0 1 4 2. 2 1 2, 5 5 5, 1 2 3 4, call 9 1 1'],
  ['Call 100 friends, 24/7', 'Call 100 friends, 24 7'],
  ['5\'10", 20 m², 3 km³', '5 foot 10, 20 square meters, 3 cubic kilometers'],
  ['10 g, 1 g, 9 W, 3 in. thick', '10 grams, 1 gram, 9 watts, 3 inches thick'],
  ['5G, 3 in all', '5G, 3 in all'],
  ['Fri, Dec. 5 and Mon. at 9', 'Friday, Dec. 5 and Monday at 9'],
  ['The Sun. It sat.', 'The Sun. It sat.'],
])

cases('formulas', [
  ['$x^2 + \\frac{1}{2}$ and \\(a_1 \\leq b\\) hold', 'x squared plus one half and a 1 is at most b hold'],
  ['$$E = mc^2$$', 'E equals m c squared'],
  [
    '\\[\\sqrt{a^2+b^2} \\neq \\frac{x_1}{2y}\\]',
    'the square root of a squared plus b squared is not x 1 over 2y',
  ],
  ['$\\pi r^2$, $2^{10}$, $a-b$', 'pi r squared, 2 to the power of 10, a minus b'],
  ['$\\text{if } n > 0$', 'if n is greater than 0'],
  ['$5 and $x$', '5 dollars and x'],
  ['It is $5 or $6 a piece.', 'It is 5 dollars or 6 dollars a piece.'],
  ['`$HOME/bin` and $PATH', '$HOME bin and $PATH'],
  ['$$\nE = mc^2\n$$', 'E equals m c squared'],
  ['\\[\n\\begin{aligned}\nx + 1 &= 4 \\\\\nx &= 3\n\\end{aligned}\n\\]', 'x plus 1 equals 4, x equals 3'],
  ['\\begin{align*}\na &= b + c \\\\[2pt]\n&= d \\label{eq:d}\n\\end{align*}', 'a equals b plus c, equals d'],
  [
    '$$f(x) = \\begin{cases} x & \\text{if } x > 0 \\\\ -x & \\text{otherwise} \\end{cases}$$',
    'f(x) equals x if x is greater than 0, minus x otherwise',
  ],
  [
    '$$\\sum_{i=1}^{n} i = \\frac{n(n+1)}{2}$$',
    'the sum from i equals 1 to n of i equals n(n plus 1) over 2',
  ],
  ['\\[\\int_0^1 x^2 \\,dx\\]', 'the integral from 0 to 1 of x squared d x'],
  ['$\\lim_{x \\to 0} x$ and $\\sum x_i$', 'the limit for x to 0 of x and the sum of x i'],
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
