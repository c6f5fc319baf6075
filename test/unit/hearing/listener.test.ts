import { describe, expect, test } from 'vitest'
import { createListener, type ListenerEvent, type ListenerOptions } from '../../../server/hearing/listener.ts'
import { trackerDefaults } from '../../../server/hearing/speechTracker.ts'
import { loudness } from '../../support/fakeLive.ts'

const options: ListenerOptions = { ...trackerDefaults, silenceMs: 320, preRollMs: 96 }

/** Frames of 32 ms: `#` loud, `_` quiet; the samples of frame n are n, or n + 2000. */
const audio = (pattern: string) =>
  Int16Array.from({ length: pattern.length * 512 }, (_, index) => {
    const frame = Math.floor(index / 512)
    return pattern[frame] === '#' ? frame + 2000 : frame
  })

async function heard(samples: Int16Array, changed: Partial<ListenerOptions> = {}) {
  const listener = createListener(loudness.open(), { ...options, ...changed })
  const events: (ListenerEvent | null)[] = []
  for (let offset = 0; offset < samples.length; offset += 512) {
    events.push(await listener.push(samples.subarray(offset, offset + 512)))
  }
  return [...events, listener.end()].filter(event => event !== null)
}

const ended = (events: ListenerEvent[]) => events.filter(event => event.type === 'ended')

describe('an utterance', () => {
  test('has the sound from before its first voiced frame', async () => {
    const events = await heard(audio('__________########____________'))
    expect(events.map(({ type }) => type)).toEqual(['started', 'paused', 'ended'])
    expect(events[0]).toEqual({ type: 'started', positionMs: 320 })
    const [end] = ended(events)
    expect(end).toMatchObject({ positionMs: 28 * 32, reason: 'silence' })
    expect(end?.utterance).toMatchObject({ startMs: 7 * 32, lastVoicedMs: 18 * 32, speechMs: 8 * 32 })
    expect(end?.utterance.samples.length).toBe(21 * 512)
    expect(end?.utterance.samples[0]).toBe(7)
  })

  test('at the very start has what there is', async () => {
    const [end] = ended(await heard(audio('########____________')))
    expect(end?.utterance).toMatchObject({ startMs: 0, lastVoicedMs: 8 * 32 })
  })

  test('is given at its first pause, for an early decode, and again when it is over', async () => {
    const events = await heard(audio('########_______########____________'))
    expect(events.map(({ type }) => type)).toEqual(['started', 'paused', 'resumed', 'paused', 'ended'])
    const [first, second] = events.filter(event => event.type === 'paused')
    expect(first?.utterance.samples.length).toBe(14 * 512)
    expect(second?.utterance.lastVoicedMs).toBe(23 * 32)
  })

  test('does not have the one before in it', async () => {
    const [, second] = ended(await heard(audio('########____________________########____________')))
    expect(second?.utterance).toMatchObject({ startMs: 25 * 32, speechMs: 8 * 32 })
  })

  test('ends with the audio', async () => {
    expect(ended(await heard(audio('__######')))).toMatchObject([{ reason: 'end' }])
  })

  test('that is too long goes on as another one, no sample lost', async () => {
    const ends = ended(await heard(audio('#'.repeat(50)), { maxUtteranceMs: 20 * 32, preRollMs: 0 }))
    expect(ends.map(({ reason }) => reason)).toEqual(['too-long', 'too-long', 'end'])
    expect(ends.flatMap(({ utterance }) => [...utterance.samples])).toEqual([...audio('#'.repeat(50))])
  })
})

test('silence and clicks give no event and keep no more than the pre-roll', async () => {
  expect(await heard(audio(`${'_'.repeat(100)}##${'_'.repeat(100)}#${'_'.repeat(50)}`))).toEqual([])
})
