import { toQuantvoxError } from '../errors.ts'
import type { Hearing } from '../hearing/hearing.ts'
import type { Announcements } from './byItself/announcements.ts'
import type { FloorEffect, FloorEvent } from './floor/state.ts'
import type { Overheard } from './interruption/overheard.ts'
import { createLiveTurn, type LiveTurn } from './liveTurn.ts'
import type { AskedFor, Wish } from './questions/question.ts'
import type { RunnerDependencies } from './runner.ts'

/** What the effects of a floor work on. */
export type Context = {
  dependencies: RunnerDependencies
  /** The ears; null where nothing is spoken. */
  hearing: Hearing | null
  turns: Map<string, LiveTurn>
  timers: Map<string, NodeJS.Timeout>
  /** Runs while a session that was woken listens. */
  awake: NodeJS.Timeout | undefined
  /** Questions on their way to the turn that the floor opens, or does not open, for them. */
  asked: Map<string, AskedFor>
  announcements: Announcements
  /** What is said over replies. */
  overheard: Overheard
  /** How answers that are asked for are wanted, until it is known which turn's they are. */
  wishes: Map<string, Wish>
  /** Turns that went on, or are answered, by the ids of those that were not opened for it. */
  instead: Map<string, string>
  post(event: FloorEvent): void
}

type Effect<T extends FloorEffect['type']> = Extract<FloorEffect, { type: T }>
export type Effects = { [T in FloorEffect['type']]: (effect: Effect<T>) => void }

/** How each effect is carried out. */
export function effectsOf(context: Context): Effects {
  const { turns, timers } = context
  const { sink } = context.dependencies
  const turnOf = ({ turnId }: { turnId: string }): LiveTurn | undefined => turns.get(turnId)

  return {
    hear: ({ order }) => context.hearing?.obey(order),
    open: effect => open(context, effect),
    reopen(effect) {
      turnOf(effect)?.reopen(effect.positionMs)
      context.instead.set(effect.instead, effect.turnId)
    },
    want({ turnId, instead }) {
      context.instead.set(instead, turnId)
      turnOf({ turnId })?.want(context.wishes.get(instead) ?? null)
    },
    understand({ turnId, end }) {
      void bring(
        context,
        turnId,
        async turn => {
          const said = await turn.understand(end)
          const voicedMs = end?.utterance?.speechMs ?? 0
          return { said, over: context.overheard.judge(turnId, turn.said(), voicedMs) }
        },
        understood => ({ type: 'understood', turnId, atMs: performance.now(), ...understood }),
      )
    },
    ask({ turnId }) {
      void bring(
        context,
        turnId,
        turn => turn.answer(),
        playbackWithinMs => ({ type: 'answered', turnId, playbackWithinMs }),
      )
    },
    'stop-hearing': effect => turnOf(effect)?.stopHearing(),
    'stop-reply': effect => turnOf(effect)?.stopReply(),
    duck: ({ turnId }) => sink.tell({ type: 'ducked', turnId }),
    pause(effect) {
      turnOf(effect)?.reply.hold()
      sink.tell({ type: 'paused', turnId: effect.turnId })
    },
    resume(effect) {
      const { turnId } = effect
      turnOf(effect)?.reply.resume()
      sink.tell({ type: 'resumed', turnId })
      context.post({
        type: 'resumed',
        turnId,
        playbackWithinMs: turnOf(effect)?.reply.playbackWithinMs() ?? null,
      })
    },
    interrupted: ({ turnId, reason }) => sink.tell({ type: 'interrupted', turnId, reason }),
    timer: effect => setTimer(context, effect),
    clear: ({ turnId }) => clearTimeout(timers.get(turnId)),
    'stay-awake'({ ms }) {
      clearTimeout(context.awake)
      if (ms !== null) context.awake = setTimeout(() => context.post({ type: 'drowsy' }), ms)
    },
    'fall-asleep': () => sink.tell({ type: 'wake.waiting' }),
    settle: effect => turnOf(effect)?.settle(effect.outcome),
    write({ turnId, outcome, error }) {
      void bring(
        context,
        turnId,
        turn => turn.write(outcome, error),
        () => ({ type: 'written', turnId }),
      )
    },
    done(effect) {
      const turn = turnOf(effect)
      turn?.done()
      turns.delete(effect.turnId)
      context.announcements.end(effect.turnId, turn?.isUnheard() ?? true)
      context.overheard.forget(effect.turnId)
      timers.delete(effect.turnId)
    },
    free: () => context.announcements.free(),
    refuse: ({ error }) => sink.tell({ type: 'error', error }),
    end: ({ error }) => sink.tell({ type: 'error', error }),
  }
}

/** Brings the floor what comes of work for a turn: what it gave, or why it failed; nothing once the turn has gone on. */
async function bring<T>(
  { turns, post }: Context,
  turnId: string,
  work: (turn: LiveTurn) => Promise<T>,
  event: (result: T) => FloorEvent,
): Promise<void> {
  const turn = turns.get(turnId)
  if (turn === undefined) return
  const revision = turn.revision()
  const done = await work(turn).then(event, (thrown: unknown): FloorEvent => {
    return { type: 'failed', turnId, error: toQuantvoxError(thrown) }
  })
  if (turn.revision() === revision) post(done)
}

function open(context: Context, { turnId, positionMs, over }: Effect<'open'>): void {
  const { dependencies, turns, asked, announcements, overheard, post } = context
  const announced = announcements.begin(turnId)
  const question = announced ?? asked.get(turnId) ?? dependencies.spoken()
  const turn = createLiveTurn(turnId, dependencies.conversationId(), question, {
    ...dependencies,
    // Mostly it is no question, and what was heard of the reply is not in its prompt yet.
    speculates: dependencies.speculates && over === null,
    audible() {
      overheard.speaks(turnId, turn.reply)
      post({ type: 'audible', turnId, atMs: performance.now() })
    },
    sounds: samples => overheard.hear(turnId, samples),
    isOver: over !== null,
    heard(voicedMs, said) {
      const words = overheard.follow(turnId, said, voicedMs)
      if (words !== null) post({ type: 'words', turnId, ...words, atMs: performance.now() })
    },
  })
  if (positionMs !== null) overheard.begin(turnId, over !== null)
  turns.set(turnId, turn)
  if (positionMs !== null) dependencies.sink.tell({ type: 'speech.started', turnId, positionMs })
  else if (announced !== undefined) dependencies.sink.tell({ type: 'announced', turnId })
}

function setTimer(context: Context, { turnId, wait, ms }: Effect<'timer'>): void {
  const { timers, turns, post } = context
  clearTimeout(timers.get(turnId))
  timers.set(
    turnId,
    setTimeout(() => post({ type: 'timeout', turnId, wait }), ms),
  )
  // It has said so before it was asked.
  if (wait === 'report' && turns.get(turnId)?.reply.isPlayedOut()) post(playbackOf(context, turnId, false))
}

/** What is known of a turn's playback now. */
export function playbackOf({ turns }: Context, turnId: string, isStopped: boolean): FloorEvent {
  const reply = turns.get(turnId)?.reply
  return {
    ...{ type: 'playback', turnId, over: reply?.isPlayedOut() ?? false },
    gaveUp: isStopped && reply !== undefined && !reply.isAllPlayed(),
    playbackWithinMs: reply?.playbackWithinMs() ?? null,
  }
}
