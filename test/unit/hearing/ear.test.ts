import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createEar } from '../../../server/hearing/ear.ts'
import type { ListenerEvent, ListenerOptions } from '../../../server/hearing/listener.ts'
import { trackerDefaults } from '../../../server/hearing/speechTracker.ts'
import { loudness } from '../../support/fakeLive.ts'

const options: ListenerOptions = { ...trackerDefaults, silenceMs: 320, preRollMs: 96 }

/** 32 ms of sound a letter: `#` loud, `_` quiet. */
const audio = (pattern: string, rate = 16_000) =>
  Int16Array.from({ length: Math.round((pattern.length * 32 * rate) / 1000) }, (_, index) =>
    pattern[Math.floor((index * 1000) / rate / 32)] === '#' ? 8000 : 0,
  )

async function heard(samples: Int16Array, sizes: readonly number[], rate = 16_000, startMs = 0) {
  const events: ListenerEvent[] = []
  const ear = createEar(loudness, rate, startMs, options, {
    frame: event => {
      if (event !== null) events.push(event)
    },
    failed: error => {
      throw error
    },
  })
  let offset = 0
  for (let index = 0; offset < samples.length; index++) {
    const size = sizes[index % sizes.length] ?? 320
    ear.push(samples.subarray(offset, offset + size))
    offset += size
  }
  const rest = await ear.end()
  return { events, rest }
}

describe('an ear', () => {
  test('hears the same in any chunking', async () => {
    const sound = audio('____#######_______#####_______________#______########')
    const whole = await heard(sound, [sound.length])
    expect(whole.events.map(({ type }) => type)).toEqual([
      'started',
      'paused',
      'resumed',
      'paused',
      'ended',
      'started',
    ])
    expect(whole.rest).not.toBeNull()
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 3200 }), { minLength: 1, maxLength: 20 }),
        async sizes => {
          expect(await heard(sound, sizes)).toEqual(whole)
        },
      ),
      { numRuns: 30 },
    )
  })

  test.each([8000, 22_050, 44_100, 48_000])('hears it at %i Hz within a frame of where it is', async rate => {
    const { events } = await heard(audio('__________##########____________', rate), [960], rate)
    const [started] = events
    const ended = events.at(-1)
    expect(started?.type).toBe('started')
    expect(ended?.type).toBe('ended')
    if (started?.type !== 'started' || ended?.type !== 'ended') return
    expect(Math.abs(started.positionMs - 320)).toBeLessThanOrEqual(32)
    expect(Math.abs(ended.utterance.lastVoicedMs - 640)).toBeLessThanOrEqual(32)
  })

  test('gives positions on the timeline of the session', async () => {
    const { events } = await heard(audio('____##########____________'), [320], 16_000, 5000)
    expect(events[0]).toEqual({ type: 'started', positionMs: 5128 })
    const ended = events.at(-1)
    expect(ended?.type === 'ended' && ended.utterance).toMatchObject({ startMs: 5032, lastVoicedMs: 5448 })
  })

  test('says where in the utterance speech is', async () => {
    const { events } = await heard(audio('________#######_______#######__________'), [320])
    const ended = events.at(-1)
    expect(ended?.type === 'ended' && ended.utterance.segments).toEqual([
      { startMs: 96, endMs: 320 },
      { startMs: 544, endMs: 768 },
    ])
  })

  test('says nothing more once it is closed', async () => {
    const events: unknown[] = []
    const ear = createEar(loudness, 16_000, 0, options, {
      frame: event => events.push(event),
      failed: () => {},
    })
    ear.push(audio('##########'))
    ear.close()
    expect(await ear.end()).toBeNull()
    expect(events).toEqual([])
  })

  test('tells once that voice activity failed', async () => {
    const failures: unknown[] = []
    const broken = { open: () => ({ push: () => Promise.reject(new Error('broken')) }) }
    const ear = createEar(broken, 16_000, 0, options, {
      frame: () => {},
      failed: error => failures.push(error),
    })
    ear.push(audio('####'))
    ear.push(audio('####'))
    expect(await ear.end()).toBeNull()
    expect(failures).toHaveLength(1)
  })
})
