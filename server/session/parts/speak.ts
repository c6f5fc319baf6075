import type { SpokenAudio } from '../../audio/pcm.ts'
import { createBreather } from '../../audio/yielding.ts'
import { QuantvoxError } from '../../errors.ts'
import { createClauseSplitter } from '../../voice/clauses.ts'
import type { ServerVoice } from '../../voice/voice.ts'
import { countSpoken } from '../countSpoken.ts'
import type { Turn } from '../turn.ts'
import { type PartContext, recorded } from './recorded.ts'

/** So many characters are surely cut into clauses well within a stretch of work. */
const PIECE_LENGTH = 100

/**
 * Speaks a text, clause by clause as a reply is spoken, and leaves it at that.
 * @param text whole, or in parts as they come
 * @throws as `recorded`, the voice and the parts do; `invalid_request`
 */
export function speak(
  text: string | AsyncIterable<string>,
  voice: ServerVoice,
  context: PartContext,
  signal: AbortSignal,
): AsyncGenerator<SpokenAudio, void, undefined> {
  return recorded(
    context,
    async function* (turn) {
      let isSilent = true
      for await (const clause of clausesOf(told(text, turn), signal)) {
        turn.timeline.mark('firstClause')
        if (!voice.pronounces(clause)) continue
        isSilent = false
        yield* spoken(clause, voice, turn, signal)
      }
      if (isSilent) {
        const message = `There is nothing in it that the voice ${voice.name} can say.`
        throw new QuantvoxError('invalid_request', message, { param: 'input' })
      }
      turn.heardText = turn.reply
      return 'completed'
    },
    signal,
  )
}

/** The parts of a text, put into the turn as they come. */
async function* told(text: string | AsyncIterable<string>, turn: Turn): AsyncGenerator<string> {
  for await (const part of typeof text === 'string' ? [text] : text) {
    turn.reply = (turn.reply ?? '') + part
    yield part
  }
}

async function* clausesOf(parts: AsyncIterable<string>, signal: AbortSignal): AsyncGenerator<string> {
  const splitter = createClauseSplitter()
  const breathe = createBreather(signal)
  for await (const text of parts) {
    for (let from = 0; from < text.length; from += PIECE_LENGTH) {
      for (const clause of splitter.push(text.slice(from, from + PIECE_LENGTH))) yield clause.text
      await breathe()
    }
  }
  // Parts that still come end when nobody waits for them any more, too.
  signal.throwIfAborted()
  for (const clause of splitter.flush()) yield clause.text
}

/** One clause; its figures go into the turn. */
export async function* spoken(
  clause: string,
  { name, speak }: ServerVoice,
  { draft, timeline }: Turn,
  signal: AbortSignal,
): AsyncGenerator<SpokenAudio> {
  const timings = draft.synthesis
  timings.voice = name
  let resumedAt = performance.now()
  for await (const audio of speak(clause, signal)) {
    const arrivedAt = performance.now()
    countSpoken(timings, audio, { askedAt: timeline.at('firstClause'), resumedAt, arrivedAt })
    timeline.mark('firstAudio')
    yield audio
    resumedAt = performance.now()
  }
}
