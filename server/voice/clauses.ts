import { maskMarkup } from './openMarkup.ts'
import { endsInDoubt, maskForSegmenter } from './sentenceMask.ts'
import { speakable } from './speakable.ts'

export type Clause = {
  /** What the voice gets: never empty, no markup. */
  text: string
  /** Character range of the raw reply that it stands for, blanks at both ends left out. */
  start: number
  end: number
}

/** A first clause shorter than this would sound chopped off, and its audio would run out before the second comes. */
const firstClause = { words: 3, characters: 12 }
/** A sentence longer than `soft` is split at punctuation, one longer than `hard` at a blank, a word longer than `word` anywhere. */
const longest = { soft: 200, hard: 300, word: 2000 }

/** So much of a piece is looked at first, then twice as much each time: most cuts are proved by the first few words. */
const firstLook = longest.word / 16

type Cut = { length: number; text: string }

/**
 * Cuts a reply into clauses while it streams in: the first as soon as there are a few words up to a comma, then whole
 * sentences, long ones in parts; a line break ends a clause, a block of code is one. A cut is made only where the text
 * seen so far proves it, so the clauses do not depend on how the reply was chunked. Ranges are in order and never
 * overlap; text with nothing to say in it (a rule, emoji) belongs to the range of the clause after it, and at the end
 * of the reply to none.
 * @param language BCP 47, of the reply; RangeError if malformed
 */
export function createClauseSplitter(language = 'en') {
  const segmenter = new Intl.Segmenter(language, { granularity: 'sentence' })
  let reply = ''
  let cutAt = 0
  let clauseStart = 0
  let first = true
  let lookAgainAt = 0

  function take(final: boolean): Clause[] {
    const found: Clause[] = []
    for (;;) {
      const cut = nextCut(reply.slice(cutAt), cutAt === 0 || reply[cutAt - 1] === '\n', final)
      if (!cut) return found
      cutAt += cut.length
      if (cut.text === '') continue
      const range = reply.slice(clauseStart, cutAt)
      const start = clauseStart + range.length - range.trimStart().length
      found.push({ text: cut.text, start, end: start + range.trim().length })
      clauseStart = cutAt
      first = false
    }
  }

  function nextCut(rest: string, atLineStart: boolean, final: boolean): Cut | undefined {
    if (rest.trim() === '') return undefined
    const dull = dullLines.exec(rest)
    if (dull) return { length: dull[0].length, text: '' }
    const fence = fenceIn(rest.slice(0, longest.word), atLineStart)
    if (fence?.at === 0 && isLineWithin(rest, longest.word)) return fencedBlock(rest, fence.mark, final)
    // Nothing that comes later can change what stands before a fence.
    const prose = fence?.at ? rest.slice(0, fence.at) : rest
    const length = proseCut(prose, final || prose !== rest)
    return length === undefined ? undefined : { length, text: speakable(rest.slice(0, length), language) }
  }

  function fencedBlock(rest: string, mark: string, final: boolean): Cut | undefined {
    const closing = new RegExp(`\\n[ \\t]*${mark}[\`~]*[ \\t]*(?:\\n${final ? '|$' : ''})`).exec(rest)
    if (!closing && !final) return undefined
    const length = closing ? closing.index + closing[0].length : rest.length
    const [opening = ''] = rest.split('\n', 1)
    return { length, text: speakable(opening, language) }
  }

  function proseCut(prose: string, ended: boolean): number | undefined {
    const most = Math.min(prose.length, longest.word)
    for (let seen = firstLook; seen < most; seen *= 2) {
      const length = cutLength(prose.slice(0, seen), false)
      if (length !== undefined) return length
    }
    if (prose.length <= longest.word) return cutLength(prose, ended)
    return cutLength(prose.slice(0, longest.word), false) ?? wholeCharacters(prose, longest.word)
  }

  function cutLength(text: string, final: boolean): number | undefined {
    const { masked, known } = settle(text, final)
    const ends = sentenceEnds(segmenter, masked).filter(end => end <= known)
    const sentence = ends[0] ?? (final ? text.length : undefined)
    const pauses = [...masked.matchAll(pausePattern)]
      .map(match => match.index + match[0].length)
      .filter(end => end <= known && end < (sentence ?? Number.POSITIVE_INFINITY))
    const early = first
      ? pauses.find(end => end <= longest.soft && isLongEnough(speakable(text.slice(0, end), language)))
      : undefined
    if (early !== undefined) return early
    if (sentence !== undefined && sentence <= longest.soft) return sentence
    if (known <= longest.soft) return undefined
    const pause = pauses.findLast(end => end <= longest.soft) ?? pauses[0]
    if (pause !== undefined && pause <= longest.hard) return pause
    if (sentence !== undefined && sentence <= longest.hard) return sentence
    if (known <= longest.hard) return undefined
    const blank = /\s(?=\S*$)/.exec(masked.slice(0, longest.hard)) ?? /\s(?=\S)/.exec(masked.slice(0, known))
    return blank ? blank.index + 1 : sentence
  }

  return {
    /** The clauses that this piece of the reply completed, often none. */
    push(delta: string): Clause[] {
      reply += delta
      if (reply.length < lookAgainAt) return []
      const found = take(false)
      // A long piece without a cut is looked at again when it has grown by an eighth, so that the work grows with the reply's length.
      const pending = reply.length - cutAt
      lookAgainAt = pending > longest.hard ? reply.length + pending / 8 : 0
      return found
    },
    /** The reply is over: what is left. */
    flush: (): Clause[] => take(true),
  }
}

/** Several in a row are one. */
const pausePattern = /(?:[,;:…]["'”’)\]]*\s+|\s[–—-]{1,3}\s+|—)+/g

/** Whole lines of punctuation that has no words (`&`, `%` and `@` have) and begins no formula: there is nothing in them to say. */
const dullLines = /^(?:(?!\\[[(])[^\p{L}\p{N}\p{S}&%@])*[\n\r\u2028\u2029]/u

const isLongEnough = (text: string) =>
  text.length >= firstClause.characters && text.split(' ').length >= firstClause.words

/** Where a block of code begins. A line with further ticks is none (CommonMark 4.5), which shows at its end. */
function fenceIn(text: string, atLineStart: boolean): { at: number; mark: string } | undefined {
  const pattern = /(^|\n)[ \t]*(`{3}(?!`*[^`\n]*`[^\n]*\n)|~{3})/g
  for (const match of text.matchAll(pattern)) {
    if (match[1] === '' && !atLineStart) continue
    return { at: match.index + (match[1]?.length ?? 0), mark: match[2] ?? '' }
  }
  return undefined
}

const isLineWithin = (text: string, length: number) => {
  const end = text.indexOf('\n')
  return end < 0 ? text.length <= length : end <= length
}

/** So many UTF-16 units of a text, one less where the last were half a character. */
const wholeCharacters = (text: string, length: number) =>
  /[\uD800-\uDBFF]/.test(text.charAt(length - 1)) ? length - 1 : length

/**
 * What can be relied on of a text that is still growing: up to `known` no cut can appear or go. A sentence end is
 * known from the first letter after it (UAX 29, SB8), or the first whole word after an abbreviation.
 */
function settle(text: string, final: boolean): { masked: string; known: number } {
  const { masked: withoutMarkup, openFrom } = maskMarkup(text, final)
  const masked = maskForSegmenter(withoutMarkup)
  if (final) return { masked, known: text.length }
  const before = withoutMarkup.slice(0, openFrom)
  const lastWord = /(?<!\S)\S*$/.exec(before)?.index ?? 0
  const nextLetter = /^[\p{L}\p{N}]/u.exec(before.slice(lastWord))
  const settled = nextLetter && !endsInDoubt(before) ? lastWord + nextLetter[0].length : lastWord
  const lastLetter = /\p{L}[^\p{L}]*$/u.exec(masked.slice(0, settled))
  return { masked, known: lastLetter?.index ?? 0 }
}

/** Where sentences end in masked text: after the blanks that follow, or after the full stop of a script without blanks. */
function sentenceEnds(segmenter: Intl.Segmenter, masked: string): number[] {
  return [...segmenter.segment(masked)]
    .map(({ index, segment }) => index + segment.length)
    .filter(
      end =>
        end < masked.length &&
        /[\s。！？](?:["'”’」』）)\]]*)$/u.test(masked.slice(Math.max(0, end - 8), end)),
    )
}
