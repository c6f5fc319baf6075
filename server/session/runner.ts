import { v7 as uuidv7 } from 'uuid'
import { QuantvoxError, toQuantvoxError } from '../errors.ts'
import type { UtteranceTaker } from '../hearing/ear.ts'
import type { Hearing, UtteranceEnd } from '../hearing/hearing.ts'
import type { Log } from '../log.ts'
import type { Source } from '../protocol/record.ts'
import type { Mode, Playback } from '../protocol/socketClient.ts'
import type { ReplyAudio } from '../record/replyAudio.ts'
import type { ToolSession } from '../tools/toolbox.ts'
import { createAnnouncements } from './byItself/announcements.ts'
import { type Context, type Effects, effectsOf, playbackOf } from './effects.ts'
import type { Sink } from './events.ts'
import { takeFloor } from './floor/floor.ts'
import { type Answering, type FloorEffect, type FloorEvent, openFloor } from './floor/state.ts'
import { createOverheard } from './interruption/overheard.ts'
import type { AskedFor, Wish } from './questions/question.ts'
import type { Stages } from './stages.ts'
import type { TurnObserver } from './turn.ts'

export type RunnerDependencies = {
  stages: Stages
  replies: ReplyAudio
  observers: ReadonlySet<TurnObserver>
  sink: Sink
  log: Log
  /** Null for turns that are asked one at a time. */
  sessionId: string | null
  source: Source
  /** Whether the listener plays replies in its own time, and may report it. */
  plays: boolean
  /** Whether speech that does not interrupt a reply leaves it alone and is a turn of its own, which never goes on. */
  leavesReplies: boolean
  /** Whether the language model is asked at pauses, before it is known that a question is whole. */
  speculates: boolean
  /** What tools may do in the session; null where there is none. */
  toolSession: ToolSession | null
  settings: { mode: Mode; bargeInMs: number; answering: Answering }
  /** The conversation of a turn that begins now. */
  conversationId(): string
  /** A question that is being said from now on. */
  spoken(): AskedFor
}

/** Carries out what the floor decides, one event at a time, and brings it what comes of that. */
export type Runner = {
  /** The ears; without them nothing is spoken. */
  listen(hearing: Hearing): void
  begin(positionMs: number, atMs: number): void
  commit(atMs: number): void
  cancel(): void
  /** @param turnId where somebody has named the turn already; UUIDv7 */
  ask(question: AskedFor, atMs: number, turnId?: string): void
  /** Has what was said last answered, or `question` where all that was said is; gives the turn's id. */
  respond(question: AskedFor, wish: Wish): string
  /** Says it as soon as nobody has the floor. */
  announce(announcement: AskedFor): void
  answering(answering: Answering): void
  interrupt(turnId: string | null, atMs: number): void
  playback(message: Playback): void
  configured(mode: Mode, bargeInMs: number): void
  woken(positionMs: number): void
  sound(stretch: number, voicedMs: number): void
  voiced(stretch: number, positionMs: number, voicedMs: number): UtteranceTaker | null
  ended(stretch: number, last: boolean, end: UtteranceEnd): void
  cutOff(stretch: number): void
  broken(error: unknown): void
  /** Takes no further turn; settles when those that are under way are over. */
  finish(): Promise<void>
  /** Ends all turns as the listener leaves; settles when their rows are written. */
  leave(): Promise<void>
}

export function createRunner(dependencies: RunnerDependencies): Runner {
  const { settings, plays, leavesReplies } = dependencies
  const context: Context = {
    ...{ dependencies, turns: new Map(), timers: new Map(), asked: new Map() },
    ...{ wishes: new Map(), instead: new Map() },
    ...{ hearing: null, awake: undefined, overheard: createOverheard(dependencies.sink) },
    announcements: createAnnouncements(turnId => floor.post({ type: 'announce', turnId })),
    post: event => floor.post(event),
  }
  const { turns, asked, wishes, instead, post } = context
  const floor = createFloor({ ...settings, mode: 'push-to-talk', plays, leavesReplies }, effectsOf(context))
  let stretches = 0
  const next = () => ++stretches

  /** Settles when no turn lives any more. */
  async function untilIdle(): Promise<void> {
    while (turns.size > 0) await floor.nextChange()
  }

  /** The turn that was taken in the place of one that was offered. */
  function takeInstead(offered: string): string {
    const taken = instead.get(offered) ?? offered
    instead.delete(offered)
    return taken
  }

  return {
    listen(ears) {
      context.hearing = ears
      const { mode, bargeInMs } = settings
      post({ type: 'configured', mode, bargeInMs, next: next() })
    },
    begin(positionMs, atMs) {
      const turnId = uuidv7()
      post({ type: 'begin', turnId, next: next(), positionMs, atMs })
      const taker = turns.get(turnId)?.taker
      if (taker) context.hearing?.take(taker)
    },
    commit: atMs => post({ type: 'commit', next: next(), atMs }),
    cancel: () => post({ type: 'cancel', next: next() }),
    ask(question, atMs, turnId = uuidv7()) {
      asked.set(turnId, question)
      post({ type: 'question', turnId, next: next(), atMs })
      asked.delete(turnId)
    },
    respond(question, wish) {
      const turnId = uuidv7()
      asked.set(turnId, question)
      wishes.set(turnId, wish)
      post({ type: 'respond', turnId })
      asked.delete(turnId)
      wishes.delete(turnId)
      return takeInstead(turnId)
    },
    announce: context.announcements.add,
    answering: answering => post({ type: 'answering', answering }),
    interrupt: (turnId, atMs) => post({ type: 'interrupt', turnId, next: next(), atMs }),
    playback(message) {
      turns.get(message.turnId)?.reply.report(message)
      post(playbackOf(context, message.turnId, message.event === 'stopped'))
    },
    configured: (mode, bargeInMs) => post({ type: 'configured', mode, bargeInMs, next: next() }),
    woken: positionMs => post({ type: 'woken', next: next(), positionMs, atMs: performance.now() }),
    sound(stretch, voicedMs) {
      if (!context.overheard.hearsItself()) post({ type: 'sound', stretch, voicedMs })
    },
    voiced(stretch, positionMs, voicedMs) {
      const turnId = uuidv7()
      const hearsItself = context.overheard.hearsItself()
      post({
        ...{ type: 'voiced', stretch, turnId, positionMs, voicedMs, hearsItself },
        atMs: performance.now(),
      })
      return turns.get(takeInstead(turnId))?.taker ?? null
    },
    ended: (stretch, last, end) => post({ type: 'ended', stretch, last, end }),
    cutOff: stretch => post({ type: 'cut-off', stretch, next: next() }),
    broken: error => post({ type: 'broken', error: asFatal(error) }),
    finish() {
      post({ type: 'finish' })
      return untilIdle()
    },
    leave() {
      post({ type: 'leave' })
      return untilIdle()
    },
  }
}

/** The state of the floor: takes one event at a time, whoever brings it and whenever. */
function createFloor(first: Parameters<typeof openFloor>[0], effects: Effects) {
  let state = openFloor(first)
  const events: FloorEvent[] = []
  let isBusy = false
  let change = Promise.withResolvers<void>()

  function carryOut(effect: FloorEffect): void {
    const carry = effects[effect.type] as (effect: FloorEffect) => void
    carry(effect)
  }

  return {
    nextChange: () => change.promise,
    post(event: FloorEvent): void {
      events.push(event)
      if (isBusy) return
      isBusy = true
      try {
        for (let next = events.shift(); next !== undefined; next = events.shift()) {
          const taken = takeFloor(state, next)
          state = taken.state
          for (const effect of taken.effects) carryOut(effect)
        }
      } finally {
        isBusy = false
      }
      change.resolve()
      change = Promise.withResolvers<void>()
    },
  }
}

/** What breaks a session has to end it. */
function asFatal(thrown: unknown): QuantvoxError {
  const error = toQuantvoxError(thrown)
  if (!error.recoverable) return error
  return new QuantvoxError('internal', error.message, { cause: error })
}
