import type { TurnMessage } from '../../server/protocol/messages.ts'
import type { TurnRecord } from '../../server/protocol/record.ts'
import type { PairMessage } from '../../server/protocol/turns.ts'

/** One of the two answers as it comes. */
export type Side = {
  turnId: string
  /** Waits for the other to be over. */
  state: 'waiting' | 'asked' | 'over'
  transcript: string
  reply: string
  /** Where its spoken answer is. */
  audioUrl: string | null
  record: TurnRecord | null
  /** Why there is no answer, or no whole one. */
  trouble: string | null
}

export type Sides = readonly [Side, Side]

const side = (turnId: string): Side => ({
  ...{ turnId, state: 'waiting', transcript: '', reply: '', audioUrl: null },
  ...{ record: null, trouble: null },
})

/** What both know after an event of the pair; null before the pair was told. */
export function sidesAfter(sides: Sides | null, message: PairMessage | TurnMessage): Sides | null {
  if (message.type === 'pair') return [side(message.turnIds[0]), side(message.turnIds[1])]
  if (sides === null) return null
  const [chosen, compared] = sides
  return [after(chosen, message), after(compared, message)]
}

function after(side: Side, message: TurnMessage): Side {
  if (message.turnId !== side.turnId) return side
  const asked: Side = { ...side, state: side.state === 'over' ? 'over' : 'asked' }
  switch (message.type) {
    case 'transcript.final':
      return { ...asked, transcript: message.text }
    case 'reply.delta':
      return { ...asked, reply: asked.reply + message.text }
    case 'reply.done':
      return { ...asked, reply: message.text }
    case 'audio.done':
      return { ...asked, audioUrl: message.url ?? null }
    case 'hint':
    case 'error':
      return { ...asked, trouble: [message.message, message.mend].filter(Boolean).join(' ') }
    case 'turn.done':
      return { ...asked, state: 'over', record: message.timings }
    default:
      return asked
  }
}
