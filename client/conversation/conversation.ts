import type { ErrorMessage, Hint } from '../../server/protocol/messages.ts'
import type { Outcome, StoredTurn, TurnRecord } from '../../server/protocol/record.ts'
import type { ServerMessage } from '../../server/protocol/socketServer.ts'
import type { TurnPhase } from '../talk/talkState.ts'
import { spokenWaits, typedWaits, type Waits, waitsAfter } from '../timing/liveBars.ts'

/** A turn as the page knows it. */
export type ShownTurn = {
  /** Null for a typed one until the server speaks of it. */
  turnId: string | null
  typed: boolean
  /** What the assistant says by itself answers no question. */
  announced: boolean
  question: string
  /** The first characters of the question that will not change; null when it is final. */
  stableLength: number | null
  reply: string
  replyDone: boolean
  /** What the server has to say of how it was heard or spoken; null for nothing. */
  hint: Hint | null
  /** The tool that is being called; null where none is. */
  tool: string | null
  /** How long the model has been thinking; null where it does not. */
  thinkingMs: number | null
  /** Characters of the reply that were spoken by now; null where nobody speaks. */
  spokenLength: number | null
  /** Spoken by the server: the reply can be had as a file. */
  audible: boolean
  /** `lost`: the server went away in the middle. */
  outcome: Outcome | 'lost' | null
  error: ErrorMessage | null
  record: TurnRecord | null
  /** What it waited for until now; null before speech end. */
  waits: Waits | null
}

export type ConversationListener = {
  added(turn: ShownTurn): void
  changed(turn: ShownTurn): void
  removed(turn: ShownTurn): void
  over(turn: ShownTurn): void
  /** Of before what is shown, oldest first: they were over when the page was opened. */
  restored(turns: ShownTurn[]): void
}

export type Conversation = ReturnType<typeof createConversation>

/**
 * Makes turns of what the server says, in whatever order turns overlap. `speechEndAt` is when that position of the session's audio was
 * heard here, milliseconds of `performance.now()`.
 */
export function createConversation(
  listener: ConversationListener,
  speechEndAt: (positionMs: number) => number,
) {
  const turns = new Map<string, ShownTurn>()
  /** Sent, and not yet spoken of by the server; it takes them in this order. */
  const waiting: ShownTurn[] = []
  /** Where turns are that go on, oldest first: over a reply that is held another may be said. */
  const phases = new Map<ShownTurn, TurnPhase>()

  function begin(turnId: string | null, phase: TurnPhase, first: FirstOfTurn = {}): ShownTurn {
    const turn = newTurn(turnId, first)
    if (turnId !== null) turns.set(turnId, turn)
    phases.set(turn, phase)
    listener.added(turn)
    return turn
  }

  /** Of a turn that nobody heard of, the first typed one that waits: spoken ones begin with `speech.started`. */
  function turnOf(turnId: string): ShownTurn | undefined {
    const known = turns.get(turnId)
    if (known !== undefined) return known
    const typed = waiting.shift()
    if (typed === undefined) return undefined
    typed.turnId = turnId
    turns.set(turnId, typed)
    return typed
  }

  function goTo(turn: ShownTurn, next: TurnPhase): void {
    if (phases.has(turn)) phases.set(turn, next)
  }

  function end(turn: ShownTurn, outcome: ShownTurn['outcome']): void {
    turn.outcome = outcome
    turn.stableLength = null
    phases.delete(turn)
    const isEmpty = turn.reply === '' && (turn.question === '' || outcome === 'discarded')
    if (isEmpty && turn.error === null && turn.hint === null) listener.removed(turn)
    else listener.over(turn)
  }

  function takeOf(turn: ShownTurn, message: ServerMessage): void {
    const nowMs = performance.now()
    turn.waits =
      message.type === 'speech.stopped'
        ? spokenWaits(speechEndAt(message.positionMs), nowMs)
        : waitsAfter(turn.waits, message, nowMs)
    switch (message.type) {
      case 'speech.stopped':
        goTo(turn, 'transcribing')
        break
      case 'transcript.partial':
        turn.question = message.text
        turn.stableLength = message.stableLength
        break
      case 'transcript.final':
        turn.question = message.text
        turn.stableLength = null
        goTo(turn, 'thinking')
        break
      case 'thinking':
        turn.thinkingMs = message.thinkingMs
        goTo(turn, 'thinking')
        break
      case 'tool.started':
        turn.tool = message.name
        break
      case 'tool.done':
        turn.tool = null
        break
      case 'hint':
        turn.hint = message
        break
      case 'reply.delta':
        if (turn.reply === '') goTo(turn, 'answering')
        turn.reply += message.text
        break
      case 'reply.done':
        turn.reply = message.text
        turn.replyDone = true
        break
      case 'audio.started':
        turn.audible = true
        turn.spokenLength ??= 0
        break
      case 'reopened':
        Object.assign(turn, {
          reply: '',
          replyDone: false,
          hint: null,
          tool: null,
          thinkingMs: null,
          spokenLength: null,
          audible: false,
        })
        goTo(turn, 'hearing')
        break
      case 'interrupted':
        phases.delete(turn)
        break
      case 'error':
        turn.error = message
        break
      case 'turn.done':
        turn.record = message.timings
        if (message.heardText !== undefined && turn.spokenLength !== null)
          turn.spokenLength = message.heardText.length
        end(turn, message.outcome)
        return
    }
    listener.changed(turn)
  }

  return {
    /** What the record kept of this conversation before what is shown, oldest first; what has no text is nothing to show. */
    restore(records: readonly StoredTurn[]): void {
      const restored: ShownTurn[] = []
      for (const record of records) {
        const { turnId, transcript, reply, heardText, outcome, speech, synthesis } = record
        const known = turns.get(turnId)
        if ((transcript ?? reply) === null || known?.outcome === null) continue
        const announced = transcript === null
        const turn: ShownTurn = known ?? {
          ...newTurn(turnId, { typed: speech.model === null, announced, question: transcript ?? '' }),
          ...{ reply: reply ?? '', replyDone: true, outcome, record },
          spokenLength: synthesis.audioMs === null ? null : (heardText?.length ?? null),
        }
        turns.set(turnId, turn)
        restored.push(turn)
      }
      listener.restored(restored)
    },
    typed(text: string): void {
      waiting.push(begin(null, 'thinking', { typed: true, question: text }))
    },
    /** What was typed by now is asked: from here on it waits for an answer. */
    asked(): void {
      for (const turn of waiting) turn.waits ??= typedWaits(performance.now())
    },
    take(message: ServerMessage): void {
      if (message.type === 'speech.started') {
        begin(message.turnId, 'hearing')
        return
      }
      if (message.type === 'announced') {
        begin(message.turnId, 'answering', { announced: true })
        return
      }
      if (!('turnId' in message) || message.turnId === undefined) return
      const turn = turnOf(message.turnId)
      if (turn !== undefined && turn.outcome === null) takeOf(turn, message)
    },
    /** Characters that were spoken by now, as far as is known. */
    spoken(turnId: string, length: number): void {
      const turn = turns.get(turnId)
      if (turn === undefined || turn.outcome !== null) return
      turn.spokenLength = Math.max(turn.spokenLength ?? 0, Math.min(length, turn.reply.length))
      listener.changed(turn)
    },
    phaseOfPlayback(turnId: string, event: 'started' | 'over'): void {
      const turn = turns.get(turnId)
      if (turn === undefined || turn.outcome !== null) return
      if (event === 'started') {
        if (turn.waits !== null) turn.waits = { ...turn.waits, playbackMs: performance.now() }
        goTo(turn, 'speaking')
      } else if (phases.get(turn) === 'speaking') goTo(turn, 'none')
    },
    /** The socket is gone: what was under way never ends by itself. `unsent`: so many of the last that were typed wait for the next. */
    lost(unsent: number): void {
      const open = [...turns.values()].filter(turn => turn.outcome === null)
      const sent = waiting.splice(0, waiting.length - unsent)
      for (const turn of [...open, ...sent]) end(turn, 'lost')
    },
    /** Where the latest turn is that goes on. */
    phase: (): TurnPhase => [...phases.values()].findLast(phase => phase !== 'none') ?? 'none',
    turn: (turnId: string): ShownTurn | undefined => turns.get(turnId),
  }
}

/** What is known of a turn when it is first shown. */
type FirstOfTurn = Partial<Pick<ShownTurn, 'typed' | 'announced' | 'question'>>

function newTurn(
  turnId: string | null,
  { typed = false, announced = false, question = '' }: FirstOfTurn,
): ShownTurn {
  return {
    ...{ turnId, typed, announced, question, stableLength: null, reply: '', replyDone: false },
    ...{ hint: null, tool: null, thinkingMs: null },
    ...{ spokenLength: null, audible: false, outcome: null, error: null, record: null },
    waits: null,
  }
}
