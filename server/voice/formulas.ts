/** Where formulas in LaTeX stand in a reply, as models write them. A blank line ends none, as in LaTeX; one that is longer is none. */
const LONGEST = { display: 500, inline: 200 }
const BLANK_LINE = String.raw`\n[^\S\n]*\n`
const ENVIRONMENTS = String.raw`(?:align|aligned|cases|eqnarray|equation|gather|gathered|multline|split)\*?`

type Kind = { opens: string; closes: string; not: string; most: number }
const kinds: readonly Kind[] = [
  { opens: String.raw`\$\$`, closes: String.raw`\$\$`, not: String.raw`\$`, most: LONGEST.display },
  { opens: String.raw`\\\(`, closes: String.raw`\\\)`, not: String.raw`\\\)`, most: LONGEST.display },
  { opens: String.raw`\\\[`, closes: String.raw`\\\]`, not: String.raw`\\\]`, most: LONGEST.display },
  {
    opens: String.raw`\\begin\{${ENVIRONMENTS}\}`,
    closes: String.raw`\\end\{${ENVIRONMENTS}\}`,
    not: String.raw`\\end\{`,
    most: LONGEST.display,
  },
  {
    // A dollar before a digit is money.
    opens: String.raw`(?<![\\\w$])\$(?=[^\s\d$])`,
    closes: String.raw`(?<=[^\s\\])\$(?![\d$])`,
    not: String.raw`[\n$]`,
    most: LONGEST.inline,
  },
]
const inside = ({ not, most }: Kind, least: number) =>
  String.raw`(?:(?!${not}|${BLANK_LINE})[\s\S]){${least},${most}}`

/** What opens one of these at the end of a text, or may come to. */
const opened = new RegExp(
  [
    ...kinds.map(kind => String.raw`${kind.opens}${inside(kind, 0)}(?:\$|\\end\{[a-z]{0,9}\*?)?$`),
    String.raw`(?<![\\\w$])\$$|\\(?:b(?:e(?:g(?:i(?:n(?:\{[a-z]{0,9}\*?)?)?)?)?)?)?$`,
  ].join('|'),
  'y',
)
const closed = new RegExp(kinds.map(kind => `${kind.opens}${inside(kind, 1)}${kind.closes}`).join('|'), 'y')

/** Length of the formula that begins at `at`, 0 where none does, or 'open' where the text to come may make one. */
export function formulaLength(text: string, at: number, final: boolean): number | 'open' {
  opened.lastIndex = at
  if (!final && opened.test(text)) return 'open'
  closed.lastIndex = at
  return closed.exec(text)?.[0].length ?? 0
}

const caught = (kind: Kind) => `${kind.opens}(${inside(kind, 1)})${kind.closes}`
/** Beside money one that begins with a digit is told by a sign that only formulas have. */
const withDigit: Kind = {
  opens: String.raw`(?<![\\\w$])\$(?=\d[^$\n]*[\\^])`,
  closes: String.raw`(?<=[^\s\\])\$(?![\d$])`,
  not: String.raw`[\n$]`,
  most: LONGEST.inline,
}
const anyFormula = new RegExp([...kinds, withDigit].map(caught).join('|'), 'g')

/** A text with what `words` makes of each formula in it. */
export const withFormulas = (text: string, words: (formula: string) => string): string =>
  text.replace(anyFormula, (...match: (string | undefined)[]) =>
    words(match.slice(1, kinds.length + 2).find(Boolean) ?? ''),
  )
