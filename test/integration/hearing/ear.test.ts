import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { readClip } from '../../../server/audio/readClip.ts'
import type { Utterance } from '../../../server/audio/utterance.ts'
import { createEar } from '../../../server/hearing/ear.ts'
import type { ListenerEvent } from '../../../server/hearing/listener.ts'
import { trackerDefaults } from '../../../server/hearing/speechTracker.ts'
import { createVoiceActivity, type VoiceActivity } from '../../../server/hearing/voiceActivity.ts'

/** The real Silero model on real speech, as it comes in live. */
const directory = new URL('../../fixtures/speech', import.meta.url).pathname
const never = new AbortController().signal
let activity: VoiceActivity
let dialogue: Int16Array
let noise: Int16Array

const read = async (file: string) => (await readClip(`${directory}/${file}`, 60, never)).samples

beforeAll(async () => {
  activity = await createVoiceActivity()
  dialogue = await read('azure-katie-steve-1.wav')
  noise = await read('nonspeech-pink-noise.wav')
})

type Heard = { events: ListenerEvent[]; utterances: Utterance[] }

async function heard(samples: Int16Array, silenceMs: number, sizes = [320]): Promise<Heard> {
  const events: ListenerEvent[] = []
  const failures: unknown[] = []
  const options = { ...trackerDefaults, silenceMs, preRollMs: 300 }
  const ear = createEar(activity, 16_000, 0, options, {
    frame: event => void (event && events.push(event)),
    failed: error => void failures.push(error),
  })
  for (let offset = 0, index = 0; offset < samples.length; index++) {
    const size = sizes[index % sizes.length] ?? 320
    ear.push(samples.subarray(offset, offset + size))
    offset += size
  }
  const last = await ear.end()
  expect(failures).toEqual([])
  const utterances = events.flatMap(event => (event.type === 'ended' ? [event.utterance] : []))
  return { events, utterances: last === null ? utterances : [...utterances, last] }
}

describe('three sentences with pauses of half a second between them', () => {
  test('are three utterances when the silence is short', async () => {
    expect((await heard(dialogue, 300)).utterances).toHaveLength(3)
  })

  test('are one when it is long, with each pause told', async () => {
    const { events, utterances } = await heard(dialogue, 1500)
    expect(utterances).toHaveLength(1)
    expect(events.filter(({ type }) => type === 'resumed').length).toBeGreaterThanOrEqual(2)
  })

  test('have the sound from before them in their samples', async () => {
    for (const { samples, speechMs } of (await heard(dialogue, 300)).utterances) {
      const loudest = (part: Int16Array) => part.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
      expect(loudest(samples.subarray(0, 4800))).toBeLessThan(loudest(samples))
      expect(samples.length / 16).toBeGreaterThan(speechMs + 250)
    }
  })

  test('give the same events in any chunks', async () => {
    const expected = await heard(dialogue, 300)
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 160, max: 3200 }), { minLength: 1, maxLength: 5 }),
        async sizes => {
          expect(await heard(dialogue, 300, sizes)).toEqual(expected)
        },
      ),
      { numRuns: 5 },
    )
  })
})

test('noise gives no event', async () => {
  expect(await heard(noise, 300)).toEqual({ events: [], utterances: [] })
})
