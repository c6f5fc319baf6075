import { v7 as uuidv7 } from 'uuid'
import { QuantvoxError, toQuantvoxError } from '../errors.ts'
import type { UtteranceTaker } from '../hearing/ear.ts'
import type { Hearing, UtteranceEnd } from '../hearing/hearing.ts'
import type { Log } from '../log.ts'
import type { Source } from '../protocol/record.ts'
import type { Mode, Playback } from '../protocol/socketClient.ts'
import type { ReplyAudio } from '../record/replyAudio.ts'
import type { Sink } from './events.ts'
import { openFloor, takeFloor } from './floor/floor.ts'
import type { FloorEffect, FloorEvent } from './floor/state.ts'
import { createLiveTurn, type LiveTurn } from './liveTurn.ts'
import type { AskedFor } from './questions/question.ts'
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
  settings: { mode: Mode; bargeInMs: number }
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
  /** Gives the id of its turn. */
  ask(question: AskedFor, atMs: number): string
  interrupt(turnId: string | null, atMs: number): void
  playback(message: Playback): void
  configured(mode: Mode, bargeInMs: number): void
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
  const { sink, plays } = dependencies
  let state = openFloor({ ...dependencies.settings, mode: 'push-to-talk', plays })
  let hearing: Hearing | null = null
  let stretches = 0
  const turns = new Map<string, LiveTurn>()
  const timers = new Map<string, NodeJS.Timeout>()
  /** Questions on their way to the turn that the floor opens, or does not open, for them. */
  const asked = new Map<string, AskedFor>()
  const events: FloorEvent[] = []
  let isBusy = false
  let idle = Promise.withResolvers<void>()

  function post(event: FloorEvent): void {
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
    if (turns.size > 0) return
    idle.resolve()
    idle = Promise.withResolvers<void>()
  }

  function carryOut(effect: FloorEffect): void {
    const carry = effects[effect.type] as (effect: FloorEffect) => void
    carry(effect)
  }

  const turnOf = ({ turnId }: { turnId: string }): LiveTurn | undefined => turns.get(turnId)

  const effects: { [T in FloorEffect['type']]: (effect: Extract<FloorEffect, { type: T }>) => void } = {
    hear: ({ order }) => hearing?.obey(order),
    open,
    understand({ turnId, end }) {
      void bring(
        turnId,
        turn => turn.understand(end),
        said => ({ type: 'understood', turnId, said }),
      )
    },
    ask({ turnId }) {
      void bring(
        turnId,
        turn => turn.answer(),
        playbackWithinMs => ({
          ...{ type: 'answered', turnId, playbackWithinMs },
        }),
      )
    },
    'stop-hearing': effect => turnOf(effect)?.stopHearing(),
    'stop-reply': effect => turnOf(effect)?.stopReply(),
    interrupted: ({ turnId, reason }) => sink.tell({ type: 'interrupted', turnId, reason }),
    timer: setTimer,
    clear: ({ turnId }) => clearTimeout(timers.get(turnId)),
    settle: effect => turnOf(effect)?.settle(effect.outcome),
    write({ turnId, outcome, error }) {
      void bring(
        turnId,
        turn => turn.write(outcome, error),
        () => ({ type: 'written', turnId }),
      )
    },
    done(effect) {
      turnOf(effect)?.done()
      turns.delete(effect.turnId)
      timers.delete(effect.turnId)
    },
    refuse: ({ error }) => sink.tell({ type: 'error', error }),
    end: ({ error }) => sink.tell({ type: 'error', error }),
  }

  /** Brings the floor what comes of work for a turn: what it gave, or why it failed. */
  async function bring<T>(
    turnId: string,
    work: (turn: LiveTurn) => Promise<T>,
    event: (result: T) => FloorEvent,
  ): Promise<void> {
    const turn = turns.get(turnId)
    if (turn === undefined) return
    try {
      post(event(await work(turn)))
    } catch (thrown) {
      post({ type: 'failed', turnId, error: toQuantvoxError(thrown) })
    }
  }

  function open({ turnId, positionMs }: Extract<FloorEffect, { type: 'open' }>): void {
    const conversationId = dependencies.conversationId()
    const question = asked.get(turnId) ?? dependencies.spoken()
    const turn = createLiveTurn(turnId, conversationId, question, {
      ...dependencies,
      audible: () => post({ type: 'audible', turnId, atMs: performance.now() }),
    })
    turns.set(turnId, turn)
    if (positionMs !== null) sink.tell({ type: 'speech.started', turnId, positionMs })
  }

  function setTimer({ turnId, wait, ms }: Extract<FloorEffect, { type: 'timer' }>): void {
    clearTimeout(timers.get(turnId))
    timers.set(
      turnId,
      setTimeout(() => post({ type: 'timeout', turnId, wait }), ms),
    )
    // It has said so before it was asked.
    if (wait === 'report' && turns.get(turnId)?.isPlayedOut()) tellPlayback(turnId, false)
  }

  function tellPlayback(turnId: string, isStopped: boolean): void {
    const turn = turns.get(turnId)
    post({
      ...{ type: 'playback', turnId, over: turn?.isPlayedOut() ?? false },
      gaveUp: isStopped && turn !== undefined && !turn.isAllPlayed(),
      playbackWithinMs: turn?.playbackWithinMs() ?? null,
    })
  }

  const nextStretch = () => ++stretches

  return {
    listen(ears) {
      hearing = ears
      this.configured(dependencies.settings.mode, dependencies.settings.bargeInMs)
    },
    begin(positionMs, atMs) {
      const turnId = uuidv7()
      post({ type: 'begin', turnId, next: nextStretch(), positionMs, atMs })
      const taker = turns.get(turnId)?.taker
      if (taker) hearing?.take(taker)
    },
    commit: atMs => post({ type: 'commit', next: nextStretch(), atMs }),
    cancel: () => post({ type: 'cancel', next: nextStretch() }),
    ask(question, atMs) {
      const turnId = uuidv7()
      asked.set(turnId, question)
      post({ type: 'question', turnId, next: nextStretch(), atMs })
      asked.delete(turnId)
      return turnId
    },
    interrupt: (turnId, atMs) => post({ type: 'interrupt', turnId, next: nextStretch(), atMs }),
    playback(message) {
      turns.get(message.turnId)?.report(message)
      tellPlayback(message.turnId, message.event === 'stopped')
    },
    configured: (mode, bargeInMs) => post({ type: 'configured', mode, bargeInMs, next: nextStretch() }),
    voiced(stretch, positionMs, voicedMs) {
      const turnId = uuidv7()
      post({ type: 'voiced', stretch, turnId, positionMs, voicedMs, atMs: performance.now() })
      return turns.get(turnId)?.taker ?? null
    },
    ended: (stretch, last, end) => post({ type: 'ended', stretch, last, end }),
    cutOff: stretch => post({ type: 'cut-off', stretch, next: nextStretch() }),
    broken: error => post({ type: 'broken', error: asFatal(error) }),
    async finish() {
      post({ type: 'finish' })
      if (turns.size > 0) await idle.promise
    },
    async leave() {
      post({ type: 'leave' })
      if (turns.size > 0) await idle.promise
    },
  }
}

/** What breaks a session has to end it. */
function asFatal(thrown: unknown): QuantvoxError {
  const error = toQuantvoxError(thrown)
  if (!error.recoverable) return error
  return new QuantvoxError('internal', error.message, { cause: error })
}
