import { describe, expect, test } from 'vitest'
import type { SpeechClip } from '../../../scripts/bench/speechClips.ts'
import { atLevel, inRoom } from '../../../scripts/bench/turntaking/items/levels.ts'
import { joinSamples } from '../../../server/audio/pcm.ts'
import { track, trackerDefaults, trackerStart } from '../../../server/hearing/speechTracker.ts'
import { FRAME_SAMPLES } from '../../../server/hearing/voiceActivity.ts'
import { activity, clips } from '../../support/hearing/heardClips.ts'

const MOST_LATE_MS = 150

async function beginnings(samples: Int16Array): Promise<number[]> {
  const stream = activity.open()
  let state = trackerStart
  const found: number[] = []
  for (let from = 0; from + FRAME_SAMPLES <= samples.length; from += FRAME_SAMPLES) {
    const probability = await stream.push(samples.subarray(from, from + FRAME_SAMPLES))
    const step = track(state, probability, trackerDefaults)
    state = step.state
    if (step.event?.type === 'started') found.push(step.event.positionMs)
  }
  return found
}

const silence = (ms: number) => new Int16Array(ms * 16)

describe('a quiet question', () => {
  test('behind a loud one is heard from its beginning, as it is alone', async () => {
    const spoken = clips.filter(({ kind }) => kind === 'speech')
    expect(spoken.length).toBeGreaterThan(3)
    const late: string[] = []
    for (const [index, { file, samples }] of spoken.entries()) {
      const other = spoken[(index + 1) % spoken.length] as SpeechClip
      const loud = joinSamples([atLevel(other.samples, -20).subarray(0, 64_000), silence(1500)])
      const quiet = joinSamples([loud, atLevel(samples, -45), silence(1000)])
      const [alone = 0] = await beginnings(inRoom(atLevel(samples, -20)))
      const fromMs = loud.length / 16 - 200
      const begun = (await beginnings(inRoom(quiet))).find(ms => ms >= fromMs) ?? Number.POSITIVE_INFINITY
      const lateMs = begun - loud.length / 16 - alone
      if (lateMs > MOST_LATE_MS) late.push(`${file} ${Math.round(lateMs)} ms`)
    }
    expect(late).toEqual([])
  })
})

test('noise begins nothing, however loud or quiet it is', async () => {
  const noise = clips.find(({ file }) => file === 'nonspeech-pink-noise.wav') as SpeechClip
  for (const dB of [-70, -60, -50, -40, -30, -20, -12])
    expect(await beginnings(atLevel(noise.samples, dB)), `${dB} dBFS`).toEqual([])
})
