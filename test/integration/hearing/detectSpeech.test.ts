import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { readClip } from '../../../server/audio/readClip.ts'
import { detectSpeech, framesOf } from '../../../server/hearing/detectSpeech.ts'
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

async function heard(samples: Int16Array, silenceMs: number, sizes = [320]): Promise<ListenerEvent[]> {
  async function* chunks() {
    for (let offset = 0, index = 0; offset < samples.length; index++) {
      const size = sizes[index % sizes.length] ?? 320
      yield samples.subarray(offset, offset + size)
      offset += size
    }
  }
  const events: ListenerEvent[] = []
  const options = { ...trackerDefaults, silenceMs, preRollMs: 300 }
  for await (const event of detectSpeech(activity, framesOf(chunks()), options, never)) events.push(event)
  return events
}

const utterances = (events: ListenerEvent[]) => events.filter(event => event.type === 'ended')

describe('three sentences with pauses of half a second between them', () => {
  test('are three utterances when the silence is short', async () => {
    expect(utterances(await heard(dialogue, 300))).toHaveLength(3)
  })

  test('are one when it is long, with each pause told', async () => {
    const events = await heard(dialogue, 1500)
    expect(utterances(events)).toHaveLength(1)
    expect(events.filter(({ type }) => type === 'resumed').length).toBeGreaterThanOrEqual(2)
  })

  test('have the sound from before them in their samples', async () => {
    for (const { utterance } of utterances(await heard(dialogue, 300))) {
      const loudest = (samples: Int16Array) =>
        samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
      const { samples } = utterance
      expect(loudest(samples.subarray(0, 4800))).toBeLessThan(loudest(samples))
      expect(samples.length / 16).toBeGreaterThan(utterance.speechMs + 250)
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
  expect(await heard(noise, 300)).toEqual([])
})
