import { within } from '../abort.ts'
import type { QuantvoxError } from '../errors.ts'
import type { UtteranceTaker } from '../hearing/ear.ts'
import type { UtteranceEnd } from '../hearing/hearing.ts'
import type { Outcome, TurnRecord } from '../protocol/record.ts'
import type { Playback } from '../protocol/socketClient.ts'
import type { Played } from '../voice/voice.ts'
import type { AskedFor, Question } from './questions/question.ts'
import { answer } from './reply/answer.ts'
import { createPlayout } from './reply/playout.ts'
import { createSpeaking, type Speaking } from './reply/speak.ts'
import type { RunnerDependencies } from './runner.ts'
import { beginTurn } from './turn.ts'

/** A disk that takes longer must not hold up the turn's row. */
const KEPT_WITHIN_MS = 5000

/** One turn's own matter: what it was asked, says and measures. When to do what is the floor's to decide. */
export type LiveTurn = {
  readonly taker: UtteranceTaker | undefined
  /** Gets the question; false where nothing was said. */
  understand(end: UtteranceEnd | null): Promise<boolean>
  /** Answers it. Gives how long to wait for word of the playback; null where there is nothing to wait for. */
  answer(): Promise<number | null>
  stopHearing(): void
  stopReply(): void
  report(playback: Playback): void
  isPlayedOut(): boolean
  isAllPlayed(): boolean
  playbackWithinMs(): number | null
  /** What was heard goes into the history. */
  settle(outcome: Outcome): void
  /** Never rejects. */
  write(outcome: Outcome, error: QuantvoxError | null): Promise<void>
  /** Tells that it is over. */
  done(): void
}

type Dependencies = Pick<
  RunnerDependencies,
  'stages' | 'replies' | 'observers' | 'sink' | 'log' | 'sessionId' | 'source' | 'plays'
> & {
  /** Something of the reply is on its way to the listener. */
  audible(): void
}

export function createLiveTurn(
  turnId: string,
  conversationId: string,
  asked: AskedFor,
  dependencies: Dependencies,
): LiveTurn {
  const { stages, replies, sink, log, plays, sessionId, source: whose } = dependencies
  const beginning = { turnId, conversationId, sessionId, source: whose }
  const turn = beginTurn(beginning, stages, dependencies.observers, log)
  const { timeline, draft } = turn
  const hearing = new AbortController()
  const replying = new AbortController()
  const source = asked({ stages, turn, sink, signal: hearing.signal })
  const playout = createPlayout()
  const recorder = replies.recorder()
  let question: Question | null = null
  let speaking: Speaking | null = null
  let isAudible = false
  let isAllSent = false
  let isStopped = false
  let spokenLength: number | null = null
  let kept: Promise<boolean> | null = null
  let record: TurnRecord | null = null

  function beAudible(): void {
    if (isAudible) return
    isAudible = true
    dependencies.audible()
  }

  function played(): Played {
    return {
      ...{ reply: turn.reply ?? '', clauses: speaking?.clauses() ?? [] },
      ...{ positionMs: playout.positionMs(), sentMs: playout.sentMs(), spokenLength, stopped: isStopped },
    }
  }

  /** True if the spoken reply can be had by its link. A turn is worth more than its recording. */
  function keepAudio(): Promise<boolean> {
    kept ??= within(
      replies.keep(turnId, source.samples(), recorder).then(() => recorder.durationMs() > 0),
      KEPT_WITHIN_MS,
      () => {
        throw new Error(`not within ${KEPT_WITHIN_MS} ms`)
      },
    ).catch((err: unknown) => {
      log.error({ err, turnId }, 'the audio of a turn could not be saved')
      return false
    })
    return kept
  }

  function speakWith({ voice }: Question): Speaking | null {
    if (voice.speak === null) return null
    const options = { turnId, synthesize: voice.speak, sink, playout, plays, recorder, timeline }
    return createSpeaking({ ...options, timings: draft.synthesis, audible: beAudible }, replying.signal)
  }

  function heardText(outcome: Outcome): string | null {
    // Who takes a reply as it comes has all of it or, where it broke off, nothing.
    if (!plays) return outcome === 'completed' ? turn.reply : null
    return question?.voice.heard(played()) ?? null
  }

  function playbackWithinMs(): number | null {
    return question?.voice.playbackWithinMs(played()) ?? null
  }

  return {
    taker: source.taker,
    async understand(end) {
      if (end !== null) {
        if (end.speechEndedAtMs !== null) timeline.mark('speechEnd', end.speechEndedAtMs)
        if (end.commitAtMs !== null) timeline.mark('commit', end.commitAtMs)
        timeline.mark('turnDecided', end.decidedAtMs)
        sink.tell({ type: 'speech.stopped', turnId, positionMs: end.positionMs })
      }
      const understood = await source.understand(end)
      // Stopped meanwhile, it has no place in the history, and so its row has no question either.
      hearing.signal.throwIfAborted()
      question = understood
      turn.transcript = question?.text ?? null
      return question !== null
    },
    async answer() {
      if (question === null) throw new Error('A turn is answered before it is understood.')
      speaking = speakWith(question)
      const worded = question.voice.kind === 'inBrowser' ? beAudible : () => {}
      await answer(question, { stages, turn, sink, signal: replying.signal, speaking, worded })
      isAllSent = true
      if (playout.sentMs() > 0) {
        const isKept = await keepAudio()
        replying.signal.throwIfAborted()
        sink.tell({ type: 'audio.done', turnId, audioMs: playout.sentMs(), isKept })
      }
      return playout.isOver() ? null : playbackWithinMs()
    },
    stopHearing() {
      hearing.abort(new Error('nobody wants to know what is said'))
    },
    stopReply() {
      isStopped = true
      replying.abort(new Error('the reply was stopped'))
      sink.tell({ type: 'cut', turnId })
    },
    report(message) {
      // Nothing of it is out yet, so nothing of it can be heard.
      if (!isAudible) return
      if (message.textLength !== undefined) spokenLength = message.textLength
      if (message.event === 'started') timeline.mark('playbackStarted')
      playout.report(message)
    },
    isPlayedOut: () => isAudible && playout.isOver(),
    isAllPlayed: () => isAllSent && (question?.voice.allPlayed(played()) ?? true),
    playbackWithinMs,
    settle(outcome) {
      if (question === null) return
      turn.reply ??= ''
      turn.heardText = heardText(outcome)
      // A question that failed may be asked again: without its answer it would only stand before the next.
      if (turn.heardText === null || (outcome === 'failed' && turn.heardText === '')) return
      question.conversation.append(question.text, turn.heardText)
    },
    async write(outcome, error) {
      // Models may still be looked up, of a question that was none or that settings were switched under.
      hearing.abort(new Error('the turn is over'))
      if (error?.code === 'internal') log.error({ err: error, turnId }, 'turn failed')
      // One that ends the session is told when the turn is done; a turn by itself has no other to tell it to.
      if (error?.recoverable || (error && sessionId === null)) sink.tell({ type: 'error', error, turnId })
      await keepAudio()
      record = await turn.end(outcome, error)
    },
    done() {
      if (record === null) return
      const { outcome, errorCode } = record
      sink.tell({
        ...{ type: 'turn.done', turnId, outcome, timings: record },
        ...(errorCode === null ? {} : { errorCode }),
        ...(turn.heardText === null ? {} : { heardText: turn.heardText }),
      })
    },
  }
}
