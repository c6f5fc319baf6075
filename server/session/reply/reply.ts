import { within } from '../../abort.ts'
import type { SpokenAudio } from '../../audio/pcm.ts'
import type { QuantvoxError } from '../../errors.ts'
import type { Outcome } from '../../protocol/record.ts'
import type { Playback } from '../../protocol/socketClient.ts'
import type { Played, Voice } from '../../voice/voice.ts'
import type { Sink } from '../events.ts'
import { ECHO_RATE } from '../interruption/echoShare.ts'
import type { PlayedSound } from '../interruption/utteranceSound.ts'
import type { QuestionContext, Subject } from '../questions/question.ts'
import type { RunnerDependencies } from '../runner.ts'
import { announce } from './announce.ts'
import { answer } from './answer.ts'
import { createPlayout } from './playout.ts'
import { createSentSound } from './sentSound.ts'
import { createSpeaking, MS_PER_LETTER, type Speaking } from './speak.ts'
import type { Speculation } from './speculation.ts'

/** A disk that takes longer must not hold up the turn's row. */
const KEPT_WITHIN_MS = 5000
const OTHER_VOICE = 'Try again; if it happens again, choose another voice.'

export type ReplyContext = Pick<QuestionContext, 'stages' | 'turn' | 'sink'> &
  Pick<RunnerDependencies, 'replies' | 'log' | 'plays' | 'toolSession'> & {
    speculation: Speculation
    /** The audio of the question, where it is saved with the reply. */
    samples(): Int16Array | null
    /** Something of the reply is on its way to the listener. */
    audible(): void
  }

/** A turn's reply, from what it is about to the listener's ear. */
export type Reply = {
  /** Settles when all of it is on its way; gives how long to wait for word of the playback, null for not at all. */
  give(subject: Subject): Promise<number | null>
  /** Nothing of it goes out from here on. */
  stop(): void
  /** The same of one of which nothing is out: another one takes its place. */
  abandon(): void
  report(playback: Playback): void
  /** Nothing of it goes out, and nothing plays, until `resume`. */
  hold(): void
  resume(): void
  /** What of it will have been heard in so many milliseconds, or had been before (negative), if it plays on. */
  heardAt(offsetMs: number): string
  /** The same of its sound. */
  soundAt: PlayedSound
  /** It is known where its playback ended. */
  isPlayedOut(): boolean
  isAllPlayed(): boolean
  playbackWithinMs(): number | null
  /** What of it was heard, for the history; null where nobody can have heard any. */
  heardText(voice: Voice, outcome: Outcome): string | null
  /** True if what was spoken can be had by its link. A turn is worth more than its recording. */
  keepAudio(): Promise<boolean>
}

export function createReply(context: ReplyContext): Reply {
  const { turn, sink, plays, speculation } = context
  const { turnId } = turn
  const stopping = new AbortController()
  const playout = createPlayout()
  const sentSound = createSentSound(ECHO_RATE)
  const recorder = context.replies.recorder()
  let subject: Subject | null = null
  let speaking: Speaking | null = null
  let isAudible = false
  let isAllSent = false
  let spokenLength: number | null = null
  let kept: Promise<boolean> | null = null

  function beAudible(): void {
    // What still goes out of one that was stopped is none that the listener hears.
    if (!isAudible && !stopping.signal.aborted) context.audible()
    isAudible = true
  }

  function sent(audio: SpokenAudio): void {
    if (plays) sentSound.push(audio, playout.positionMs())
    beAudible()
  }

  function failed(error: QuantvoxError): void {
    if (turn.unspoken !== null) return
    turn.unspoken = error
    const message = `Not all of the reply is spoken. ${error.message}`
    sink.tell({ type: 'hint', turnId, hint: 'not-spoken', message, mend: error.mend ?? OTHER_VOICE })
  }

  function played(): Played {
    return {
      ...{ reply: turn.reply ?? '', clauses: speaking?.clauses() ?? [], spokenLength },
      ...{ positionMs: playout.positionMs(), sentMs: playout.sentMs(), stopped: stopping.signal.aborted },
    }
  }

  const playbackWithinMs = () => subject?.voice.playbackWithinMs(played()) ?? null

  function keepAudio(): Promise<boolean> {
    kept ??= keepWithin(context, () => context.replies.keep(turnId, context.samples(), recorder)).then(
      isKept => isKept && recorder.durationMs() > 0,
    )
    return kept
  }

  return {
    async give(given) {
      subject = given
      const { speak, kind } = given.voice
      const synthesize: typeof speak =
        speak && ((text, until) => speculation.audioOf(text) ?? speak(text, until))
      const { signal } = stopping
      const options = { ...{ turnId, sink, playout, plays, recorder }, timeline: turn.timeline }
      const timings = turn.draft.synthesis
      if (synthesize) speaking = createSpeaking({ ...options, timings, synthesize, sent, failed }, signal)
      else if (kind === 'inBrowser') speaking = leftToClient(turnId, sink)
      const worded = kind === 'inBrowser' ? beAudible : () => {}
      const saying = { ...context, signal, speaking, worded, acted: beAudible }
      if ('announced' in given) await announce(given, saying)
      else await answer(given, saying)
      isAllSent = true
      if (playout.sentMs() > 0) {
        const isKept = await keepAudio()
        signal.throwIfAborted()
        sink.tell({ type: 'audio.done', turnId, audioMs: playout.sentMs(), isKept })
      }
      return playout.isOver() ? null : playbackWithinMs()
    },
    stop() {
      stopping.abort(new Error('the reply was stopped'))
      sink.tell({ type: 'cut', turnId })
    },
    abandon: () => stopping.abort(new Error('the question goes on')),
    report(message) {
      // Nothing of it is out yet, so nothing of it can be heard.
      if (!isAudible) return
      if (message.textLength !== undefined) spokenLength = message.textLength
      if (message.event === 'started') turn.timeline.mark('playbackStarted')
      playout.report(message)
    },
    hold: playout.hold,
    resume: playout.resume,
    heardAt(offsetMs) {
      const now = played()
      const letters = now.spokenLength === null ? null : now.spokenLength + offsetMs / MS_PER_LETTER
      const then = { ...now, spokenLength: letters, positionMs: now.positionMs + offsetMs }
      return subject?.voice.heard(then) ?? ''
    },
    soundAt(fromMs, toMs) {
      const nowMs = playout.positionMs()
      return sentSound.between(nowMs + fromMs, nowMs + toMs)
    },
    isPlayedOut: () => isAudible && playout.isOver(),
    isAllPlayed: () => isAllSent && (subject?.voice.allPlayed(played()) ?? true),
    playbackWithinMs,
    heardText(voice, outcome) {
      // Who takes a reply as it comes has all of it or, where it broke off, nothing.
      if (!plays) return outcome === 'completed' ? turn.reply : null
      return voice.heard(played())
    },
    keepAudio,
  }
}

/** The client speaks: it is told what. How far it came it says itself. */
function leftToClient(turnId: string, sink: Sink): Speaking {
  return {
    say: clause => sink.tell({ type: 'reply.clause', turnId, ...clause }),
    // The next clause begins where one was told already.
    restart() {},
    finish: async () => {},
    clauses: () => [],
  }
}

async function keepWithin({ turn, log }: ReplyContext, keep: () => Promise<void>): Promise<boolean> {
  try {
    return await within(
      keep().then(() => true),
      KEPT_WITHIN_MS,
      () => {
        throw new Error(`not within ${KEPT_WITHIN_MS} ms`)
      },
    )
  } catch (err) {
    log.error({ err, turnId: turn.turnId }, 'the audio of a turn could not be saved')
    return false
  }
}
