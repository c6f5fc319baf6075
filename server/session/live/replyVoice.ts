import { setTimeout as sleep } from 'node:timers/promises'
import type { SpokenAudio } from '../../audio/pcm.ts'
import { toBytes } from '../../audio/pcm.ts'
import type { Timeline } from '../../record/marks.ts'
import type { SpokenClause } from '../../voice/voice.ts'
import type { Clause } from '../stages.ts'
import type { Outbox } from './outbox.ts'
import type { Playout } from './playout.ts'

/** Length of one binary frame of a reply. */
export const FRAME_MS = 100
/** The client gets so much more than it has played: enough for a hiccup, little to throw away. */
const LEAD_MS = 3000
/** Synthesized and unsent audio from which on synthesis waits. */
const MAX_UNSENT_MS = 2000
/** Of a clause that is not synthesized to its end: about 15 letters a second, the usual rate of English speech. */
const MS_PER_LETTER = 65

export type ReplyVoice = {
  /** Queues audio for sending; holds synthesis back while enough is queued. Rejects with the signal's reason. */
  take(audio: SpokenAudio, clause: Clause): Promise<void>
  /** That clause has all its audio. */
  whole(clause: Clause): void
  /** Waits until everything is sent and told. */
  finish(): Promise<void>
  /** What `heardText` needs, as things are now. */
  clauses(): SpokenClause[]
}

type Spoken = SpokenClause & { whole: boolean }

/** Sends a turn's reply audio in order, in small frames, paced by the client's playout. */
export function createReplyVoice(
  turnId: string,
  outbox: Outbox,
  playout: Playout,
  timeline: Timeline,
  signal: AbortSignal,
): ReplyVoice {
  const clauses = new Map<number, Spoken>()
  const queue: { samples: Int16Array; sampleRate: number; clause: Spoken }[] = []
  let unsentMs = 0
  let toldRate: number | null = null
  let complete = false
  let change = Promise.withResolvers<void>()

  const changed = () => {
    change.resolve()
    change = Promise.withResolvers<void>()
  }
  signal.addEventListener('abort', changed, { once: true })

  const nextChange = async () => {
    await change.promise
    signal.throwIfAborted()
  }

  async function send(): Promise<void> {
    for (;;) {
      const next = queue.shift()
      if (next) {
        const { samples, sampleRate, clause } = next
        const step = Math.round((sampleRate * FRAME_MS) / 1000)
        for (let offset = 0; offset < samples.length; offset += step) {
          await sendFrame(samples.subarray(offset, offset + step), sampleRate, clause)
        }
      } else if (complete) return
      else await nextChange()
    }
  }

  async function sendFrame(samples: Int16Array, sampleRate: number, clause: Spoken): Promise<void> {
    const waitMs = playout.leadMs() - LEAD_MS
    if (waitMs > 0) await sleep(waitMs, undefined, { signal })
    signal.throwIfAborted()
    if (toldRate !== sampleRate) {
      void outbox.inOrder(turnId, { type: 'audio.started', turnId, sampleRate })
      toldRate = sampleRate
    }
    const audioMs = (samples.length / sampleRate) * 1000
    if (await outbox.audio(turnId, toBytes(samples))) {
      timeline.mark('firstAudio')
      playout.sent(audioMs)
      clause.sentMs += audioMs
    }
    unsentMs -= audioMs
    changed()
  }

  const sending = send()
  sending.catch(() => {})

  return {
    async take({ samples, sampleRate }, { start, end }) {
      while (unsentMs > MAX_UNSENT_MS) await nextChange()
      signal.throwIfAborted()
      const clause = clauses.get(start) ?? { start, end, audioMs: 0, sentMs: 0, whole: false }
      clauses.set(start, clause)
      const audioMs = (samples.length / sampleRate) * 1000
      clause.audioMs = (clause.audioMs ?? 0) + audioMs
      unsentMs += audioMs
      queue.push({ samples, sampleRate, clause })
      changed()
    },
    whole({ start }) {
      const clause = clauses.get(start)
      if (clause) clause.whole = true
    },
    async finish() {
      complete = true
      changed()
      await sending
      if (toldRate !== null)
        await outbox.inOrder(turnId, { type: 'audio.done', turnId, audioMs: playout.sentMs() })
    },
    clauses: () =>
      [...clauses.values()].map(({ start, end, audioMs, sentMs, whole }) => ({
        start,
        end,
        audioMs: whole ? audioMs : Math.max(audioMs ?? 0, (end - start) * MS_PER_LETTER),
        sentMs,
      })),
  }
}
