/** Usual English speech, about 15 letters a second: good until it is known how long the whole reply is. */
const MS_PER_LETTER = 65

const words = new Intl.Segmenter(undefined, { granularity: 'word' })

/** Where the word ends that the last of so many characters is in: also without spaces, and never within a sign. */
export function endOfWord(text: string, length: number): number {
  const word = words.segment(text).containing(Math.min(length, text.length) - 1)
  return word === undefined ? 0 : word.index + word.segment.length
}

/**
 * Where in the text the voice is, for marking it while it speaks. An estimate: only the server knows which audio belongs to
 * which clause, and its `heardText` replaces this when the turn is over.
 */
export function createSpokenLength() {
  let turn: { id: string; audioMs: number | null } | null = null
  let length: number | null = null

  return {
    begin(turnId: string): void {
      if (turn?.id === turnId) return
      turn = { id: turnId, audioMs: null }
      length = null
    },
    /** All audio has come: so long is it. */
    complete(audioMs: number): void {
      if (turn !== null) turn.audioMs = audioMs
    },
    /** All text has come: so long is it. */
    reply(whole: number): void {
      length = whole
    },
    /** Characters of `reply` that have been spoken after so much audio, up to the end of a word. */
    at(turnId: string, positionMs: number, reply: string): number {
      if (turn?.id !== turnId || positionMs === 0) return 0
      const { audioMs } = turn
      if (audioMs !== null && positionMs >= audioMs - 1) return reply.length
      const msPerLetter = audioMs !== null && length !== null && length > 0 ? audioMs / length : MS_PER_LETTER
      return endOfWord(reply, Math.round(positionMs / msPerLetter))
    },
  }
}
