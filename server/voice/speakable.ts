import { figureWords } from './speakableFigures.ts'
import { markdownToText } from './speakableMarkdown.ts'
import { formulasToText, fractions } from './speakableMath.ts'
import { applyRules, type Rule } from './speakableRules.ts'

/**
 * Turns a piece of a reply into words for a voice: markdown, code, emoji, addresses and symbols that a speech
 * synthesizer would stumble over. In English (the default) symbols become words; letters of every script stay, since
 * which of them can be said is the voice's to know. For any other language only markup, emoji and addresses are
 * treated, and blocks of code are passed over.
 * Which symbols need words was found by asking flite for its word list (`-pw`), which skips `& / + = * @ # ° €`, and by what a
 * recognizer made of `test/fixtures/spoken`; numbers, dates and times are left to the voices.
 * @param text part of a reply, any markdown; block marks count where a line starts
 * @param language BCP 47
 * @returns one line of text, or '' when there is nothing to say
 */
export function speakable(text: string, language = 'en'): string {
  const english = /^en\b/i.test(language)
  const written = withoutGaps(text)
  const prose = markdownToText(english ? formulasToText(written) : written, english ? 'Code block.' : '')
  const plain = withoutEmoji(addresses(prose, english))
  return tidy(english ? withoutSymbols(applyRules(symbolWords, plain)) : plain)
}

/** The rules look ahead over blanks from each of them: long rows would take the square of their length, and mean no more than short ones. */
const withoutGaps = (text: string) =>
  text.replace(/([^\S\n]{4})[^\S\n]+/g, '$1').replace(/(?:[^\S\n]*\n){3,}/g, '\n\n')

/** Pictographic for Unicode, writing for people. */
const signs = '©®™'

const withoutEmoji = (text: string) =>
  text
    .replace(/[#*\d]\uFE0F?\u20E3/gu, '')
    .replace(/\p{Extended_Pictographic}|\p{RI}|\p{Emoji_Modifier}|\uFE0F|\u200D/gu, match =>
      signs.includes(match) ? match : ' ',
    )

/** Host, then port, path, query; punctuation after it belongs to the sentence. */
const webAddress =
  /\b(?:(?:https?|ftp):\/\/(?:www\.)?|www\.)([\p{L}\d-]+(?:\.[\p{L}\d-]+)*)(?::\d+)?(?:[/?#][^\s<>"]*[^\s<>"'.,;:!?)\]]|[/?#])?/giu

/** Addresses are said by host or by name: nobody wants to hear a path or a query. */
function addresses(text: string, english: boolean): string {
  const [dot, at] = english ? [' dot ', ' at '] : ['.', '@']
  const dotted = (name: string) => name.replace(/\./g, dot)
  return text
    .replace(webAddress, (_, host: string) => dotted(host))
    .replace(/\bmailto:/gi, '')
    .replace(
      /([\w.+-]+)@([\w-]+(?:\.[\w-]+)+)/g,
      (_, name: string, host: string) => dotted(name) + at + dotted(host),
    )
}

/** Unicode takes ½ apart into 1, a fraction slash and 2. */
const fractionOf = (sign: string) => fractions[sign.normalize('NFKC').replace('⁄', '/')] ?? ''

const symbolWords: readonly Rule[] = [
  [/[\u00A0\u2000-\u200A\u202F\u205F\u3000]/g, ' '],
  [/[\u00AD\u200B-\u200F\u2060\uFEFF]/g, ''],
  ...figureWords,
  [/(\d)?([½⅓⅔¼¾])/g, (_, whole, part = '') => (whole ? `${whole} and ` : '') + fractionOf(part)],
  [/\s?(?:°\s?C\b|℃)/g, ' degrees Celsius'],
  [/\s?(?:°\s?F\b|℉)/g, ' degrees Fahrenheit'],
  [/\s?°/g, ' degrees'],
  [/\s?%/g, ' percent'],
  [/\bkm\/h\b/g, 'kilometers per hour'],
  [/\s*&+\s*/g, ' and '],
  [/\s*@\s*/g, ' at '],
  [/\b([CF])#/g, '$1 sharp'],
  [/#(?=\d)/g, 'number '],
  [/~(?=\d)/g, 'about '],
  [/²/g, ' squared'],
  [/³/g, ' cubed'],
  [/(?<=[\w)])\s?\^\s?(?=\w)/g, ' to the power of '],
  [/(?<=\d)\*\*(?=\d)/g, ' to the power of '],
  [/(?<=\d)\s?[×*]\s?(?=\d)|\s×\s|(?<=[\w)])\s\*\s(?=[\w(])/g, ' times '],
  [/\s?÷\s?/g, ' divided by '],
  [/(?<=[\d)]\s)[-−–](?=\s[\d(])/g, 'minus'],
  [/(?<=\d)[–—](?=\d)/g, ' to '],
  [/\s?±\s?/g, ' plus or minus '],
  [/(?<=\w)\+\+/g, ' plus plus'],
  [/(?<=[\w)])\s?\+\s?(?=[\w(])/g, ' plus '],
  [/(?<=\d)\+/g, ' plus'],
  [/\s?(?:≈|≃)\s?/g, ' about '],
  [/\s?(?:≠|!==?)\s?/g, ' is not '],
  [/\s?(?:≤|<=)\s?/g, ' at most '],
  [/\s?(?:≥|>=)\s?/g, ' at least '],
  [/\s?(?:→|⇒|[-=]+>)\s?/g, ' to '],
  [/(?<=[\w)])\s?=+\s?(?=[\w(-])/g, ' equals '],
  [/(?<=\d)\s?<\s?(?=\d)|(?<=[\w)])\s<\s(?=[\w(])/g, ' is less than '],
  [/(?<=\d)\s?>\s?(?=\d)|(?<=[\w)])\s>\s(?=[\w(])/g, ' is greater than '],
  [/\b(and|either)\/or\b/g, '$1 or'],
  [/(?<=\p{Ll})\s?\/\s?(?=\p{L})/gu, ' or '],
  [/(?<=\p{L})\s?\/\s?(?=\p{L})/gu, ' '],
  [/\be\.g\.,?/g, 'for example'],
  [/\bi\.e\.,?/g, 'that is'],
  [/\bCtrl\b/g, 'Control'],
  [/π/g, ' pi '],
  [/√/g, ' square root of '],
  [/∞/g, ' infinity '],
  [/[‘’‚′]/g, "'"],
  [/[“”„″«»]/g, '"'],
  [/\s*(?:[—―]|(?<=[\s\p{L}])--+(?=[\s\p{L}]))\s*|\s+–\s+/gu, ', '],
  [/[‐‑–]/g, '-'],
  [/…/g, '...'],
]

/** What is neither letter, digit nor punctuation; forms of compatibility become what they stand for (ﬁ, ２). */
const withoutSymbols = (text: string) =>
  text
    .normalize('NFKC')
    .replace(/[^\p{L}\p{M}\p{N}\p{P}\x20-\x7E\n]+/gu, ' ')
    .replace(/[\\^_`|~<>={}#*/]+/g, match => (match === '/' ? '/' : ' '))

/** Anything that a voice could pronounce. */
export const hasLetterOrDigit = (text: string): boolean => /[\p{L}\p{N}]/u.test(text)

/** One line; no stray punctuation where something was taken out; '' unless a letter or digit is left. */
function tidy(text: string): string {
  if (!hasLetterOrDigit(text)) return ''
  return text
    .replace(/[([{]\s*[)\]}]/g, ' ')
    .replace(/\s+/g, ' ')
    .replace(/\s+(?=[,;:!?)]|\.(?!\d))/g, '')
    .replace(/([,;:])(?:[,;:])+/g, '$1')
    .replace(/^(?:[\s,;:)\]!?]|\.(?!\d)|-(?=\s))+/u, '')
    .trim()
}
