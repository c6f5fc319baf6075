import type { SpokenClause } from './voice.ts'

/**
 * The part of a reply that was heard: the clauses that were played wholly, and of the one in which the playback
 * stopped the words that were over by then, as if each letter took the same time.
 * @param clauses in the order in which they are played
 * @param playedMs position of the playback from the first sample of the reply
 * @returns the beginning of `reply`, trimmed; '' if nothing was heard
 */
export function heardText(clauses: readonly SpokenClause[], playedMs: number, reply: string): string {
  let leftMs = Number.isFinite(playedMs) ? Math.max(0, playedMs) : 0
  let heardUntil = 0
  for (const { start, end, audioMs, sentMs } of clauses) {
    if (audioMs === null) break
    const heardMs = Math.min(leftMs, sentMs, audioMs)
    // Positions are rounded on their way here; a millisecond does not cut a word.
    if (heardMs < audioMs - 1) {
      const letters = (heardMs / audioMs) * (end - start)
      const words = wholeWords(reply.slice(start, end), letters)
      if (words > 0) heardUntil = start + words
      break
    }
    heardUntil = end
    leftMs -= audioMs
  }
  return reply.slice(0, heardUntil).trim()
}

/**
 * The same where the page speaks and tells how far it came in characters of the reply: up to the last whole word.
 */
export function heardPrefix(reply: string, textLength: number): string {
  const length = Number.isFinite(textLength) ? Math.max(0, Math.floor(textLength)) : 0
  return reply.slice(0, length >= reply.length ? reply.length : wholeWords(reply, length)).trim()
}

const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
const words = new Intl.Segmenter(undefined, { granularity: 'word' })

/** Where the last word ends that lies wholly within the first `letters` characters. */
function wholeWords(text: string, letters: number): number {
  let end = 0
  for (const { 0: word, index } of text.matchAll(/\S+/g)) {
    const parts = unspaced.test(word) ? [...words.segment(word)].map(({ segment }) => segment) : [word]
    let at = index
    for (const { length } of parts) {
      at += length
      if (at > letters) return end
      end = at
    }
  }
  return end
}
