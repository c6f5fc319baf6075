import { heardText } from './heardText.ts'
import type { Synthesize } from './synthesize.ts'
import type { ServerVoice } from './voice.ts'

/** After the computed end of the playout it is waited so long for the client to say that it was. */
const AFTER_PLAYOUT_MS = 1000
/** A player that has less left has played all: one frame of the socket. */
const LAST_FRAME_MS = 100

/** A voice whose audio the server sends, so that what was heard follows from what was sent and how far it was played. */
export function serverVoice(
  { pronounces, ...voice }: Pick<ServerVoice, 'name' | 'languages' | 'pronounces' | 'saysAll'>,
  synthesize: Synthesize,
): ServerVoice {
  return {
    ...voice,
    kind: 'speak',
    pronounces,
    async *speak(clause, signal) {
      if (pronounces(clause)) yield* synthesize(clause, signal)
    },
    heard: ({ clauses, positionMs, reply }) => heardText(clauses, positionMs, reply),
    allPlayed: ({ sentMs, positionMs }) => sentMs - positionMs < LAST_FRAME_MS,
    playbackWithinMs: ({ sentMs, positionMs }) =>
      sentMs === 0 ? null : sentMs - positionMs + AFTER_PLAYOUT_MS,
  }
}
