/** A piece of a text on its way to phonemes (misaki's MToken, as far as it is needed). */
export type Token = {
  text: string
  /** Penn Treebank. */
  tag: string
  /** A blank follows. */
  space: boolean
  /** Null while it is not read. */
  phonemes: string | null
  /** It begins a word and is no later part of one. */
  isHead: boolean
  /** What is read in its place. */
  alias: string | null
  /** The sign in front of an amount that ends with it. */
  currency: string | null
  /** Its phonemes are apart from those before it in the same word. */
  isApart: boolean
}

export const newToken = (text: string, tag: string, space: boolean): Token => ({
  ...{ text, tag, space, phonemes: null, isHead: true },
  ...{ alias: null, currency: null, isApart: false },
})

/** Unicode's letters and numbers that are no decimal digits: what Python's `[^\W\d_]` means. */
export const LETTER = String.raw`[\p{L}\p{Nl}\p{No}]`
/** What Python's `\w` means. */
export const WORD = String.raw`[\p{L}\p{N}_]`

/** Capitals weigh twice; of equals the first. */
function weight(text: string): number {
  let sum = 0
  for (const letter of text) sum += letter === letter.toLowerCase() ? 1 : 2
  return sum
}

/** The text of tokens in a row, blanks between them. */
export const textOf = (tokens: readonly Token[]): string =>
  tokens.map(({ text, space }, at) => (space && at < tokens.length - 1 ? `${text} ` : text)).join('')

/** One token of several, with the phonemes that they have. */
export function merged(tokens: readonly [Token, ...Token[]]): Token {
  const [first] = tokens
  const heaviest = tokens.reduce((most, token) => (weight(token.text) > weight(most.text) ? token : most))
  let phonemes = ''
  for (const token of tokens) {
    if (token.isApart && phonemes !== '' && token.phonemes) phonemes += ' '
    phonemes += token.phonemes ?? ''
  }
  return {
    ...{ text: textOf(tokens), tag: heaviest.tag, space: tokens.at(-1)?.space ?? false, phonemes },
    ...{ isHead: first.isHead, alias: null, isApart: first.isApart },
    currency: tokens.find(({ currency }) => currency !== null)?.currency ?? null,
  }
}
