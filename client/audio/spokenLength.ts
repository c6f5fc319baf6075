/** Usual English speech, about 15 letters a second: good until it is known how long the whole reply is. */
const MS_PER_LETTER = 65

export type SpokenLength = {
  begin(turnId: string): void
  /** All audio has come: so long is it. */
  complete(audioMs: number): void
  /** All text has come: so long is it. */
  reply(length: number): void
  /** Characters of `reply` that have been spoken after so much audio, up to the end of a word. */
  at(turnId: string, positionMs: number, reply: string): number
}

/**
 * Where in the text the voice is, for marking it while it speaks. An estimate: only the server knows which audio belongs to
 * which clause, and its `heardText` replaces this when the turn is over.
 */
export function createSpokenLength(): SpokenLength {
  let turn: { id: string; audioMs: number | null } | null = null
  let length: number | null = null

  return {
    begin(turnId) {
      if (turn?.id === turnId) return
      turn = { id: turnId, audioMs: null }
      length = null
    },
    complete(audioMs) {
      if (turn !== null) turn.audioMs = audioMs
    },
    reply(whole) {
      length = whole
    },
    at(turnId, positionMs, reply) {
      if (turn?.id !== turnId || positionMs === 0) return 0
      const { audioMs } = turn
      if (audioMs !== null && positionMs >= audioMs - 1) return reply.length
      const msPerLetter = audioMs !== null && length !== null && length > 0 ? audioMs / length : MS_PER_LETTER
      const letters = Math.min(reply.length, Math.round(positionMs / msPerLetter))
      const restOfWord = /^\S*/.exec(reply.slice(letters))?.[0].length ?? 0
      return letters + restOfWord
    },
  }
}
