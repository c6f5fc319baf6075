import { applyRules, type Rule } from './speakableRules.ts'

const codeBlock =
  /^[ \t]*(`{3,}(?=[^`\n]*$)|~{3,})[^\n]*(?:\n[\s\S]*?(?:\n[ \t]*\1[`~]*[ \t]*$|(?![\s\S]))|$)/gm

/** Rules for whole blocks and line starts, in this order; `m` because a piece may hold several lines. */
const blocks: readonly Rule[] = [
  [/<!--[\s\S]*?(?:-->|$)/g, ' '],
  [/^[ \t]*(?:[-*_][ \t]*){3,}$/gm, ''],
  [/^[ \t]*=+[ \t]*$/gm, ''],
  [/^[ \t]*\|?(?:[ \t]*:?-+:?[ \t]*\|)+(?:[ \t]*:?-+:?)?[ \t]*$/gm, ''],
  [/^[ \t]*(?:>[ \t]?)+/gm, ''],
  [/^[ \t]*#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$/gm, '$1'],
  [/^[ \t]*[-*+•‣◦][ \t]+(?:\[[ xX]\][ \t]+)?/gm, ''],
  [/^[ \t]*(\d{1,3})[.)][ \t]+(?=\S)/gm, '$1, '],
  [/^[ \t]*\|[ \t]*/gm, ''],
  [/[ \t]*\|[ \t]*$/gm, ''],
  [/[ \t]*\|+[ \t]*/g, ', '],
]

/** Rules inside a line. Stray marks go too: a sentence cut out of the middle of a bold run has only one of them. */
const inline: readonly Rule[] = [
  [/(?<!`)(`+)(?!`)([^\n]+?)(?<!`)\1(?!`)/g, (_, _ticks, code = '') => codeWords(code)],
  [/`+/g, ''],
  [/!?\[([^\]\n]*)\]\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)/g, '$1'],
  [/\[\^[^\]\n]+\]:?/g, ''],
  [/!?\[([^\]\n]+)\]\[[^\]\n]*\]/g, '$1'],
  [/<((?:https?:\/\/|mailto:)[^\s<>]+|[^\s<>@]+@[^\s<>@]+)>/g, '$1'],
  [/<br\s*\/?>/gi, ', '],
  [/<([a-z][a-z\d-]*)\s*\/?>(?=\s(?:tags?|elements?)\b)/gi, '$1'],
  [/<\/?[a-z][a-z\d-]*(?:\s[^<>]*)?\/?>/gi, ''],
  [/\\([!-/:-@[-`{-~])/g, '$1'],
  [/(?<!\d)\*{2,}|\*{2,}(?!\d)|~~|_{2,}/g, ''],
  [/(?<![\p{L}\p{N}])_+(?=\S)|(?<=\S)_+(?![\p{L}\p{N}])/gu, ''],
  [/(?<![\p{L}\p{N}*])\*(?=\S)|(?<=\S)\*(?![\p{L}\p{N}*])|(?<=\p{L})\*(?=\p{L})/gu, ''],
]

const entityCharacters: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  copy: '©',
  reg: '®',
  trade: '™',
  deg: '°',
  ndash: '–',
  mdash: '—',
  hellip: '…',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
  euro: '€',
  pound: '£',
  times: '×',
  divide: '÷',
  plusmn: '±',
  frac12: '½',
  bull: '•',
  middot: '·',
  rarr: '→',
  le: '≤',
  ge: '≥',
  ne: '≠',
}

/** `getUserName()` and `user_name` are said as their words. */
const codeWords = (code: string) =>
  code
    .replace(/\(\)/g, '')
    .replace(/_+/g, ' ')
    .replace(/(?<=\p{Ll})(?=\p{Lu})/gu, ' ')
    .trim()

const entities = (text: string) =>
  text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]\w{1,7}));/gi, (whole, decimal, hex, name) => {
    if (name) return entityCharacters[name] ?? whole
    const codePoint = decimal ? Number(decimal) : Number.parseInt(hex, 16)
    return codePoint > 0x10ffff || (codePoint >= 0xd800 && codePoint <= 0xdfff)
      ? ' '
      : String.fromCodePoint(codePoint)
  })

/**
 * Takes the markup out of CommonMark with tables and keeps the text; a link keeps its words, a table row its cells,
 * inline code its words. Made for pieces of a reply: marks that have lost their other half are taken out as well.
 * Lines stay lines.
 * @param codeNote stands for a block of code; reading code aloud helps nobody
 */
export function markdownToText(markdown: string, codeNote: string): string {
  const prose = markdown.replace(/\r\n?/g, '\n').replace(codeBlock, `\n${codeNote}\n`)
  return entities(applyRules(inline, applyRules(blocks, prose))).replace(/(?<=\p{L})_+(?=\p{L})/gu, ' ')
}
