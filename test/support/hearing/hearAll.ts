import { joinSamples } from '../../../server/audio/pcm.ts'
import type { Speech, Utterance } from '../../../server/audio/utterance.ts'
import { createEar } from '../../../server/hearing/ear.ts'
import type { ListenerOptions } from '../../../server/hearing/listener.ts'
import type { VoiceActivity } from '../../../server/hearing/voiceActivity.ts'

/** A `commit` at 0 ms. */
export const byCommit = { decidedBy: 'commit', textState: null, endsHere: null, commitAtMs: 0 } as const

export type EarEvent =
  | { type: 'taken'; stretch: number; positionMs: number }
  | { type: 'paused'; speech: Speech }
  | { type: 'resumed' }
  | { type: 'ended'; stretch: number; last: boolean; utterance: Utterance | null; pushed: Int16Array }

export type HearingRun = {
  activity: VoiceActivity
  options: ListenerOptions
  sizes?: readonly number[]
  rate?: number
  startMs?: number
}

/** Everything that an ear tells of so much audio in such chunks; each utterance is taken as soon as it is told of. */
export async function hearAll(samples: Int16Array, run: HearingRun): Promise<EarEvent[]> {
  const { activity, options, sizes = [320], rate = 16_000, startMs = 0 } = run
  const events: EarEvent[] = []
  const over = Promise.withResolvers<void>()
  let pushed: Int16Array[] = []
  const ear = createEar(activity, rate, startMs, 1, options, {
    sound: () => {},
    voiced(stretch, positionMs) {
      events.push({ type: 'taken', stretch, positionMs })
      return {
        push: part => pushed.push(part.slice()),
        paused: speech => events.push({ type: 'paused', speech }),
        resumed: () => events.push({ type: 'resumed' }),
        voiced: () => {},
        said: () => null,
      }
    },
    ended(stretch, last, utterance) {
      events.push({ type: 'ended', stretch, last, utterance, pushed: joinSamples(pushed) })
      pushed = []
      if (last) over.resolve()
    },
    failed: over.reject,
  })
  for (let offset = 0, index = 0; offset < samples.length; index++) {
    const size = sizes[index % sizes.length] ?? 320
    ear.push(samples.subarray(offset, offset + size))
    offset += size
  }
  ear.end(byCommit)
  await over.promise
  return events
}

export function utterancesOf(events: readonly EarEvent[]): Utterance[] {
  return events.flatMap(event => (event.type === 'ended' && event.utterance ? [event.utterance] : []))
}
