import { withFormulas } from './formulas.ts'
import { applyRules, type Rule } from './speakableRules.ts'

/** By their usual spelling. */
export const fractions: Record<string, string> = {
  '1/2': 'one half',
  '1/3': 'one third',
  '2/3': 'two thirds',
  '1/4': 'one quarter',
  '3/4': 'three quarters',
}
const power = (exponent: string) =>
  exponent === '2' ? ' squared ' : exponent === '3' ? ' cubed ' : ` to the power of ${exponent} `

const commands: Record<string, string> = {
  ...{
    leq: 'is at most',
    le: 'is at most',
    geq: 'is at least',
    ge: 'is at least',
    neq: 'is not',
    ne: 'is not',
  },
  ...{ approx: 'is about', equiv: 'is equivalent to', lt: 'is less than', gt: 'is greater than' },
  ...{ cdot: 'times', times: 'times', div: 'divided by', pm: 'plus or minus', infty: 'infinity' },
  ...{ to: 'to', rightarrow: 'to' },
  ...{ in: 'in', ldots: 'and so on', dots: 'and so on', cdots: 'and so on', circ: ' degrees' },
}
/** They are about how it looks, or name a formula. */
const silent =
  /\\(?:begin|end)\{[a-z]+\*?\}(?:\{[lcr|]*\})?|\\(?:label|tag)\{[^{}]*\}|\\(?:left|right|big|Big|displaystyle|quad|qquad|limits|nonumber|notag)(?![a-zA-Z])|\\[,;:! ]|&/g
/** The next row of it, a breath. */
const row = /\s*\\\\(?:\[[^\]\n]{0,20}\])?\s*/g
const over: Record<string, string> = {
  sum: 'the sum',
  prod: 'the product',
  int: 'the integral',
  lim: 'the limit',
}
const [group, argument] = [String.raw`\s*\{([^{}]*)\}`, String.raw`\s*(?:\{([^{}]*)\}|(\w|\\[a-zA-Z]+))`]

/** What has an argument in braces; inner ones first, so they are applied until nothing changes. */
const structures: readonly Rule[] = [
  [/\\(?:text|mathrm|mathbf|mathit|operatorname|textbf|textit|mathbb|mathcal)\s*\{([^{}]*)\}/g, ' $1 '],
  [
    new RegExp(String.raw`\\[dt]?frac${group}${group}`, 'g'),
    (_, above = '', below = '') => ` ${fractions[`${above}/${below}`] ?? `${above} over ${below}`} `,
  ],
  [new RegExp(String.raw`\\sqrt${argument}`, 'g'), ' the square root of $1$2 '],
  [
    new RegExp(String.raw`\\(sum|prod|int|lim)(?![a-zA-Z])(?:_${argument})?(?:\s*\^${argument})?`, 'g'),
    (_, name = '', braced, bare, toBraced, toBare) => {
      const [from, to] = [braced ?? bare, toBraced ?? toBare]
      const start =
        from === undefined ? '' : ` ${name === 'lim' ? 'for' : to === undefined ? 'over' : 'from'} ${from}`
      return ` ${over[name]}${start}${to === undefined ? '' : ` to ${to}`} of `
    },
  ],
  [new RegExp(String.raw`\^${argument}`, 'g'), (_, braced, bare = '') => power((braced ?? bare).trim())],
  [new RegExp(`_${argument}`, 'g'), ' $1$2 '],
]

const signs: readonly Rule[] = [
  [/\\([a-zA-Z]+)/g, (_, name = '') => ` ${commands[name] ?? name} `],
  [/\s*=\s*/g, ' equals '],
  [/\s*\+\s*/g, ' plus '],
  [/\s*-\s*(?=[\w({])/g, ' minus '],
  [/\s*<\s*/g, ' is less than '],
  [/\s*>\s*/g, ' is greater than '],
  [/(?<=\w)\s*\*\s*(?=\w)/g, ' times '],
  [/(?<=\w)\s*\/\s*(?=\w)/g, ' over '],
  [/[{}\\]/g, ' '],
  [/\s+/g, ' '],
]

/** Two letters in a row are multiplied: each is read by its name. */
const products =
  /(\\(?:text|mathrm|operatorname)\s*\{[^{}]*\}|\\[a-zA-Z]+|[a-zA-Z]{3,})|([a-zA-Z])([a-zA-Z])/g

function words(written: string): string {
  let plain = written
    .replace(row, ', ')
    .replace(silent, ' ')
    .replace(products, (_, word, one, other) => word ?? `${one} ${other}`)
  for (let before = ''; before !== plain; ) {
    before = plain
    plain = applyRules(structures, plain)
  }
  return applyRules(signs, plain).trim()
}

/** Text whose formulas are words: `$x^2 \\leq y$` is x squared is at most y. */
export const formulasToText = (text: string): string => withFormulas(text, words)
