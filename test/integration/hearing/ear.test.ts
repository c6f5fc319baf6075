import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { readClip } from '../../../server/audio/readClip.ts'
import { fixedSilence } from '../../../server/hearing/endpointing.ts'
import { trackerDefaults } from '../../../server/hearing/speechTracker.ts'
import { createVoiceActivity, type VoiceActivity } from '../../../server/hearing/voiceActivity.ts'
import { hearAll, utterancesOf } from '../../support/hearing/hearAll.ts'

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

const heard = (samples: Int16Array, silenceMs: number, sizes = [320]) =>
  hearAll(samples, {
    ...{ activity, sizes },
    options: { ...trackerDefaults, endpointing: fixedSilence(silenceMs), preRollMs: 300 },
  })

describe('three sentences with pauses of half a second between them', () => {
  test('are three utterances when the silence is short', async () => {
    expect(utterancesOf(await heard(dialogue, 300))).toHaveLength(3)
  })

  test('are one when it is long, with each pause told', async () => {
    const events = await heard(dialogue, 1500)
    expect(utterancesOf(events)).toHaveLength(1)
    expect(events.filter(({ type }) => type === 'resumed').length).toBeGreaterThanOrEqual(2)
  })

  test('have the sound from before them in their samples', async () => {
    for (const { samples, speechMs } of utterancesOf(await heard(dialogue, 300))) {
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
  expect(await heard(noise, 300)).toMatchObject([{ type: 'ended', last: true, utterance: null }])
})
