import { describe, expect, test } from 'vitest'
import type { Utterance } from '../../../server/audio/utterance.ts'
import { type Endpointing, fixedSilence, type Pause } from '../../../server/hearing/endpointing.ts'
import { createListener, type ListenerEvent, type ListenerOptions } from '../../../server/hearing/listener.ts'
import { trackerDefaults } from '../../../server/hearing/speechTracker.ts'
import { loudness } from '../../support/fakes/fakeLive.ts'

const options: ListenerOptions = { ...trackerDefaults, endpointing: fixedSilence(320), preRollMs: 96 }

/** Frames of 32 ms: `#` loud, `_` quiet; the samples of frame n are n, or n + 2000. */
const audio = (pattern: string) =>
  Int16Array.from({ length: pattern.length * 512 }, (_, index) => {
    const frame = Math.floor(index / 512)
    return pattern[frame] === '#' ? frame + 2000 : frame
  })

async function heard(samples: Int16Array, changed: Partial<ListenerOptions> = {}) {
  const listener = createListener(loudness.open(), { ...options, ...changed })
  const events: { event: ListenerEvent; frame: number }[] = []
  for (let offset = 0; offset < samples.length; offset += 512) {
    const event = await listener.push(samples.subarray(offset, offset + 512), {
      text: 'What was said',
      endsHere: null,
    })
    if (event !== null) events.push({ event, frame: offset / 512 })
  }
  const utterances = events.flatMap(({ event }) => (event.type === 'ended' ? [event.utterance] : []))
  const last: Utterance | null = listener.end()
  return { events, types: events.map(({ event }) => event.type), utterances, last }
}

describe('an utterance', () => {
  test('has the sound from before its first voiced frame', async () => {
    const { events, types, utterances } = await heard(audio('__________########____________'))
    expect(types).toEqual(['started', 'paused', 'ended'])
    expect(events[0]?.event).toEqual({ type: 'started', positionMs: 320 })
    expect(events.at(-1)?.frame).toBe(27)
    const [utterance] = utterances
    expect(utterance).toMatchObject({ startMs: 7 * 32, lastVoicedMs: 18 * 32, speechMs: 8 * 32 })
    expect(utterance?.samples.length).toBe(21 * 512)
    expect(utterance?.samples[0]).toBe(7)
  })

  test('at the very start has what there is', async () => {
    const { utterances } = await heard(audio('########____________'))
    expect(utterances).toMatchObject([{ startMs: 0, lastVoicedMs: 8 * 32 }])
  })

  test('is told of at its first pause, for an early decode, and again when it is over', async () => {
    const { events, types } = await heard(audio('########_______########____________'))
    expect(types).toEqual(['started', 'paused', 'resumed', 'paused', 'ended'])
    const pauses = events.flatMap(({ event }) => (event.type === 'paused' ? [event.speech] : []))
    expect(pauses[0]).toEqual({ segments: [{ startMs: 0, endMs: 256 }], speechMs: 256 })
    expect(pauses[1]?.segments.at(-1)).toEqual({ startMs: 15 * 32, endMs: 23 * 32 })
  })

  test('does not have the one before in it', async () => {
    const { utterances } = await heard(audio('########____________________########____________'))
    expect(utterances[1]).toMatchObject({ startMs: 25 * 32, speechMs: 8 * 32 })
  })

  test('ends with the audio', async () => {
    expect(await heard(audio('__######'))).toMatchObject({ utterances: [], last: { speechMs: 6 * 32 } })
  })

  test('that is too long goes on as another one, no sample lost', async () => {
    const sound = audio('#'.repeat(50))
    const { events, utterances, last } = await heard(sound, { maxUtteranceMs: 20 * 32, preRollMs: 0 })
    expect(utterances).toHaveLength(2)
    expect(events.find(({ event }) => event.type === 'ended')?.event).toMatchObject({
      ending: { decidedBy: 'too-long' },
    })
    expect([...utterances, last].flatMap(utterance => [...(utterance?.samples ?? [])])).toEqual([...sound])
    expect(utterances[0]).toMatchObject({ segments: [{ startMs: 0, endMs: 640 }], lastVoicedMs: 640 })
  })
})

describe('an endpointing', () => {
  const over = { over: { decidedBy: 'likely', textState: 'weak', endsHere: null } } as const
  /** Asked in frames of 32 ms, by the script of its answers. */
  function asked(...verdicts: ReturnType<Endpointing['decide']>[]) {
    const pauses: (Omit<Pause, 'samples'> & { samples: Int16Array })[] = []
    const endpointing: Endpointing = {
      pauseMs: 192,
      decide(pause) {
        pauses.push({ ...pause, samples: pause.samples() })
        return verdicts[pauses.length - 1] ?? 'not-yet'
      },
    }
    return { pauses, endpointing }
  }

  test('is asked at the pause, and again when it wants to be, until it says that it is over', async () => {
    const { pauses, endpointing } = asked({ askAgainInMs: 64 }, { askAgainInMs: 320 }, over)
    const { types, events } = await heard(audio('########____________________________'), { endpointing })
    expect(pauses.map(({ silenceMs }) => silenceMs)).toEqual([192, 256, 576])
    expect(pauses[0]).toMatchObject({ speechMs: 256, said: { text: 'What was said' } })
    expect(pauses[0]?.samples.length).toBe(14 * 512)
    expect(types).toEqual(['started', 'paused', 'ended'])
    expect(events.at(-1)?.frame).toBe(25)
    expect(events.at(-1)?.event).toMatchObject({ ending: over.over })
  })

  test('tells with the pause what it asked a detector about it', async () => {
    const reading = { silenceMs: 192, probability: null, inferenceMs: null }
    const { endpointing } = asked({ askAgainInMs: 64, detector: reading }, 'not-yet', 'not-yet')
    const { events } = await heard(audio('########____________########_______'), { endpointing })
    const paused = events.flatMap(({ event }) => (event.type === 'paused' ? [event.detector] : []))
    expect(paused).toEqual([reading, null])
    // It is the very same, so that the answer gets there.
    expect(paused[0]).toBe(reading)
  })

  test('that says "not yet" is asked at the next pause only', async () => {
    const { pauses, endpointing } = asked('not-yet', over)
    const { types } = await heard(audio('########____________________########_______'), { endpointing })
    expect(pauses.map(({ silenceMs }) => silenceMs)).toEqual([192, 192])
    expect(types).toEqual(['started', 'paused', 'resumed', 'ended'])
  })
})

test('silence and clicks give no event and keep no more than the pre-roll', async () => {
  const clicks = audio(`${'_'.repeat(100)}##${'_'.repeat(100)}#${'_'.repeat(50)}`)
  expect(await heard(clicks)).toEqual({ events: [], types: [], utterances: [], last: null })
})
