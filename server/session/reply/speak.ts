import { sleep } from '../../abort.ts'
import { durationMs, type SpokenAudio } from '../../audio/pcm.ts'
import { QuantvoxError } from '../../errors.ts'
import type { SynthesisTimings } from '../../protocol/record.ts'
import type { Timeline } from '../../record/marks.ts'
import type { ReplyRecorder } from '../../record/replyAudio.ts'
import type { Clause } from '../../voice/clauses.ts'
import type { Synthesize } from '../../voice/synthesize.ts'
import type { SpokenClause } from '../../voice/voice.ts'
import { countSpoken } from '../countSpoken.ts'
import type { Sink } from '../events.ts'
import type { Playout } from './playout.ts'

/** Length of one stretch of reply audio. */
const FRAME_MS = 100
/** A listener gets so much more than it has played: enough for a hiccup, little to throw away. */
const LEAD_MS = 3000
/** Of a clause that is not synthesized to its end: about 15 letters a second, the usual rate of English speech. */
export const MS_PER_LETTER = 65
/** A voice that fails so often in a row is not asked for the rest of the reply: each time may take as long as it is waited for. */
const MOST_FAILURES = 2

export type SpeakingOptions = {
  turnId: string
  synthesize: Synthesize
  sink: Sink
  playout: Playout
  /** Whether the listener plays in its own time, so that audio is held back for it. */
  plays: boolean
  recorder: ReplyRecorder
  timeline: Timeline
  /** Filled as times become known. */
  timings: SynthesisTimings
  /** So much more of it is on its way. */
  sent(audio: SpokenAudio): void
  /** The voice failed at a clause, which costs that clause. */
  failed(error: QuantvoxError): void
}

export type Speaking = {
  /** Queues a clause; they are spoken one after another. */
  say(clause: Clause): void
  /** What was said so far is no part of the reply; what of it is not spoken yet never is. */
  restart(): void
  /** Waits until all that was said is on its way; rejects with what nobody foresaw, or the signal's reason. */
  finish(): Promise<void>
  /** How far each clause came, as things are now. */
  clauses(): SpokenClause[]
}

/** Speaks clauses while the reply still streams: one queue, from text to small frames that are paced by the listener's playout. */
export function createSpeaking(options: SpeakingOptions, signal: AbortSignal): Speaking {
  const { turnId, sink, playout, timeline, timings } = options
  const spoken: (SpokenClause & { audioMs: number; isWhole: boolean })[] = []
  let tail = Promise.resolve()
  let toldRate: number | null = null
  let replies = 0
  let failuresInRow = 0

  async function speak({ text, start, end }: Clause): Promise<void> {
    signal.throwIfAborted()
    const clause = { start, end, audioMs: 0, sentMs: 0, isWhole: false }
    spoken.push(clause)
    try {
      if (failuresInRow < MOST_FAILURES) {
        await synthesize(text, clause)
        failuresInRow = 0
      }
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof QuantvoxError && error.recoverable)) throw error
      failuresInRow++
      options.failed(error)
    }
    // Also of one that failed: what is not said of it is only read, and holds up nothing of what follows.
    clause.isWhole = true
  }

  async function synthesize(text: string, clause: (typeof spoken)[number]): Promise<void> {
    let resumedAt = performance.now()
    for await (const audio of options.synthesize(text, signal)) {
      const arrivedAt = performance.now()
      countSpoken(timings, audio, { askedAt: timeline.at('firstClause'), resumedAt, arrivedAt })
      clause.audioMs += durationMs(audio.samples.length, audio.sampleRate)
      options.recorder.take(turnId, audio)
      for (const frame of framesOf(audio)) clause.sentMs += await send(frame)
      resumedAt = performance.now()
    }
  }

  /** Gives what of it is on its way, milliseconds. */
  async function send({ samples, sampleRate }: SpokenAudio): Promise<number> {
    const aheadMs = options.plays ? playout.leadMs() - LEAD_MS : 0
    if (aheadMs > 0) await sleep(aheadMs, signal)
    // Asked without a wait behind it: a pause may come in any.
    while (playout.isHeld()) await playout.untilGoing(signal)
    signal.throwIfAborted()
    if (toldRate !== sampleRate) sink.tell({ type: 'audio.started', turnId, sampleRate })
    toldRate = sampleRate
    if (!(await sink.play({ type: 'audio', turnId, samples, sampleRate }))) return 0
    const audioMs = durationMs(samples.length, sampleRate)
    timeline.mark('firstAudio')
    playout.sent(audioMs)
    options.sent({ samples, sampleRate })
    return audioMs
  }

  return {
    say(clause) {
      const reply = replies
      tail = tail.then(() => (reply === replies ? speak(clause) : undefined))
      // finish() reports it; until then a rejection must not count as unhandled.
      tail.catch(() => {})
    },
    restart() {
      replies++
      for (const clause of spoken) Object.assign(clause, { start: 0, end: 0 })
    },
    finish: () => tail,
    clauses: () =>
      spoken.map(({ start, end, audioMs, sentMs, isWhole }) => ({
        ...{ start, end, sentMs },
        audioMs: isWhole ? audioMs : Math.max(audioMs, (end - start) * MS_PER_LETTER),
      })),
  }
}

function* framesOf({ samples, sampleRate }: SpokenAudio): Generator<SpokenAudio> {
  const step = Math.round((sampleRate * FRAME_MS) / 1000)
  for (let offset = 0; offset < samples.length; offset += step) {
    yield { samples: samples.subarray(offset, offset + step), sampleRate }
  }
}
