import { type QuantvoxError, toQuantvoxError } from '../../errors.ts'
import { MAX_REPLY_TOKENS } from '../../llm/respond.ts'
import type { Log } from '../../log.ts'
import type { LanguageModel } from '../../protocol/models.ts'
import type { Outcome } from '../../protocol/record.ts'
import type { Playback } from '../../protocol/socketClient.ts'
import type { ReplyAudio } from '../../record/replyAudio.ts'
import type { Played } from '../../voice/voice.ts'
import { answer } from '../answer.ts'
import { errorMessage } from '../errorMessage.ts'
import type { Stages } from '../stages.ts'
import type { Turn } from '../turn.ts'
import type { Active } from './active.ts'
import type { Outbox } from './outbox.ts'
import { createPlayout } from './playout.ts'
import { createReplyVoice, type ReplyVoice } from './replyVoice.ts'
import { untilOver } from './turnEnd.ts'

/** How long an interrupted turn waits for the client to say where it stopped. */
const STOPPED_WITHIN_MS = 1000
/** A client that reports playback, every 250 ms, has done so by then; one that has not is not waited for. */
const FIRST_REPORT_WITHIN_MS = 400

export type Question = {
  text: string
  active: Active
  model: LanguageModel
  /** The audio, where audio is saved. */
  samples: Int16Array | null
}

export type LiveTurnDependencies = {
  stages: Stages
  replies: ReplyAudio
  outbox: Outbox
  log: Log
  /** Settles when what was heard of earlier turns is in the history. */
  earlierTurns: Promise<void>
  /** The client reported playback in this session. */
  clientReports(): boolean
  /** Ends the session for a failure after which it cannot go on. */
  broken(error: QuantvoxError): void
}

export type LiveTurn = {
  readonly turnId: string
  readonly turn: Turn
  /** Aborted when what the user says in this turn is of no use; an interruption by speech leaves it be. */
  readonly hearing: AbortSignal
  /** Runs the turn to its end; `question` gives null where nothing was said. Never rejects. */
  run(question: () => Promise<Question | null>): Promise<void>
  /** Stops the reply: `interrupted` goes out at once. False for a turn that is over. */
  interrupt(reason: 'barge-in' | 'client'): boolean
  /** Given up before the question was complete. */
  discard(): void
  /** The client is gone, or the server stops. */
  leave(): void
  playback(message: Playback): void
  /** Neither over nor stopped. */
  isUnderWay(): boolean
  /** Settles when what was heard is in the history. */
  readonly settled: Promise<void>
  /** Settles when `turn.done` is out and the row is written. */
  readonly done: Promise<void>
}

type Stop = 'interrupted' | 'discarded' | 'left'

/** One turn of a session: from its question to the end of its playback, on a signal of its own. */
export function createLiveTurn(turn: Turn, dependencies: LiveTurnDependencies): LiveTurn {
  const { stages, replies, outbox, log } = dependencies
  const { turnId } = turn
  const control = new AbortController()
  const hearing = new AbortController()
  const playout = createPlayout()
  const recorder = replies.recorder()
  const settled = Promise.withResolvers<void>()
  const done = Promise.withResolvers<void>()
  let stop: Stop | null = null
  let over = false
  let asked: Question | null = null
  let voice: ReplyVoice | null = null
  let reply = ''
  let sentAll = false
  let spokenLength: number | null = null
  let playbackChanged = Promise.withResolvers<void>()

  function halt(why: Stop): boolean {
    if (over || stop !== null) return false
    stop = why
    outbox.drop(turnId)
    return true
  }

  async function respond(question: Question): Promise<void> {
    const { active, model, text } = question
    await dependencies.earlierTurns
    control.signal.throwIfAborted()
    const { conversation, settings } = active
    const messages = conversation.prompt({
      systemPrompt: stages.settings.systemPrompt,
      userText: text,
      contextTokens: stages.settings.contextTokens,
      reserveTokens: MAX_REPLY_TOKENS,
    })
    const speaking = createReplyVoice(turnId, outbox, playout, turn.timeline, control.signal)
    voice = speaking
    await answer(
      messages,
      model,
      settings.voice,
      stages,
      turn,
      {
        delta(part) {
          reply += part
          outbox.now({ type: 'reply.delta', turnId, text: part })
        },
        done: whole => outbox.now({ type: 'reply.done', turnId, text: whole }),
        audio(audio, clause) {
          recorder.take(turnId, audio)
          return speaking.take(audio, clause)
        },
        clause: speaking.whole,
      },
      control.signal,
    )
    conversation.observe(messages, turn.draft.llm.promptTokens)
    await speaking.finish()
    sentAll = true
    await untilOver({
      playbackWithinMs: () => stages.voice(settings.voice).playbackWithinMs(played()),
      playout,
      changed: () => playbackChanged.promise,
      signal: control.signal,
    })
  }

  const speaks = ({ active }: Question) => stages.voice(active.settings.voice)

  const played = (): Played => ({
    ...{ reply, spokenLength, stopped: stop !== null, clauses: voice?.clauses() ?? [] },
    ...{ positionMs: playout.positionMs(), sentMs: playout.sentMs() },
  })

  /** An interrupted client says where it stopped; one that never reports is not waited for. */
  async function waitForStopped(): Promise<void> {
    if (stop !== 'interrupted' || playout.isOver() || asked === null) return
    const firstSentAt = playout.firstSentAtMs()
    if (speaks(asked).playbackWithinMs(played()) === null) return
    const sinceFirstMs = firstSentAt === null ? 0 : performance.now() - firstSentAt
    const waitMs = dependencies.clientReports() ? STOPPED_WITHIN_MS : FIRST_REPORT_WITHIN_MS - sinceFirstMs
    if (waitMs <= 0) return
    const patience = Promise.withResolvers<void>()
    const timer = setTimeout(patience.resolve, waitMs)
    while (!playout.isOver() && stop === 'interrupted') {
      const timedOut = await Promise.race([playbackChanged.promise, patience.promise.then(() => true)])
      if (timedOut) break
    }
    clearTimeout(timer)
  }

  async function finish(outcome: Outcome, error?: QuantvoxError): Promise<void> {
    await waitForStopped()
    over = true
    if (asked !== null) {
      turn.reply ??= reply
      turn.heardText = speaks(asked).heard(played())
      asked.active.conversation.append(asked.text, turn.heardText)
    }
    settled.resolve()
    if (error?.recoverable) outbox.now(errorMessage(error, { turnId }))
    if (outcome === 'failed') outbox.drop(turnId)
    // A turn is worth more than its recording.
    await replies.keep(turnId, asked?.samples ?? null, recorder).catch((err: unknown) => {
      log.error({ err, turnId }, 'the audio of a turn could not be saved')
    })
    const record = await turn.end(outcome, error)
    void outbox.inOrder(turnId, {
      type: 'turn.done',
      turnId,
      outcome,
      ...(error ? { errorCode: error.code } : {}),
      ...(turn.heardText === null ? {} : { heardText: turn.heardText }),
      timings: record,
    })
    if (error && !error.recoverable) dependencies.broken(error)
  }

  const allPlayed = () => sentAll && asked !== null && speaks(asked).allPlayed(played())

  const outcomes: Record<Stop, Outcome> = {
    interrupted: 'interrupted',
    discarded: 'discarded',
    left: 'interrupted',
  }

  return {
    turnId,
    turn,
    hearing: hearing.signal,
    settled: settled.promise,
    done: done.promise,
    async run(question) {
      try {
        asked = await question()
        if (asked !== null) turn.transcript = asked.text
        control.signal.throwIfAborted()
        if (asked === null) await finish('no-speech')
        else {
          await respond(asked)
          await finish('completed')
        }
      } catch (thrown) {
        // Whatever breaks in a turn that was stopped, stopping it is why.
        if (stop !== null) await finish(outcomes[stop])
        else {
          const error = toQuantvoxError(thrown)
          if (error.code === 'internal') log.error({ err: error, turnId }, 'turn failed')
          await finish('failed', error)
        }
      } finally {
        settled.resolve()
        done.resolve()
      }
    },
    interrupt(reason) {
      if (!halt('interrupted')) return false
      outbox.now({ type: 'interrupted', turnId, reason })
      const why = new Error(`interrupted: ${reason}`)
      // Who goes on speaking meant what was said before: it is recognized and stays in the history, unanswered.
      if (reason === 'client') hearing.abort(why)
      control.abort(why)
      return true
    },
    discard() {
      if (!halt('discarded')) return
      hearing.abort(new Error('discarded'))
      control.abort(new Error('discarded'))
    },
    leave() {
      if (stop !== 'discarded') stop = 'left'
      hearing.abort(new Error('the client left'))
      control.abort(new Error('the client left'))
      playbackChanged.resolve()
    },
    isUnderWay: () => !over && stop === null,
    playback(message) {
      if (over) return
      if (message.textLength !== undefined) spokenLength = message.textLength
      if (message.event === 'started') turn.timeline.mark('playbackStarted')
      playout.report(message)
      playbackChanged.resolve()
      playbackChanged = Promise.withResolvers<void>()
      // The client stopped by itself, and what it has not played is not wanted.
      if (message.event === 'stopped' && !allPlayed()) this.interrupt('client')
    },
  }
}
