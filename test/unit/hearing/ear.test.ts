import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createEar, type EarHandlers } from '../../../server/hearing/ear.ts'
import { fixedSilence } from '../../../server/hearing/endpointing.ts'
import type { ListenerOptions } from '../../../server/hearing/listener.ts'
import { trackerDefaults } from '../../../server/hearing/speechTracker.ts'
import { loudness } from '../../support/fakes/fakeLive.ts'
import { byCommit, hearAll, utterancesOf } from '../../support/hearing/hearAll.ts'

const options: ListenerOptions = { ...trackerDefaults, endpointing: fixedSilence(320), preRollMs: 96 }

/** 32 ms of sound a letter: `#` loud, `_` quiet. */
const audio = (pattern: string, rate = 16_000) =>
  Int16Array.from({ length: Math.round((pattern.length * 32 * rate) / 1000) }, (_, index) =>
    pattern[Math.floor((index * 1000) / rate / 32)] === '#' ? 8000 : 0,
  )

const heard = (samples: Int16Array, sizes: readonly number[], rate = 16_000, startMs = 0) =>
  hearAll(samples, { activity: loudness, options, sizes, rate, startMs })

/** An ear with a log of what it tells, and a way to wait until it has caught up. */
function logged(handlers: Partial<EarHandlers> = {}) {
  const told: string[] = []
  const ear = createEar(loudness, 16_000, 0, 1, options, {
    sound: () => {},
    voiced(stretch) {
      if (!told.includes(`voiced ${stretch}`)) told.push(`voiced ${stretch}`)
      return null
    },
    ended: (stretch, last, utterance) =>
      void told.push(`ended ${stretch}${last ? ' last' : ''}${utterance ? ` ${utterance.speechMs}` : ''}`),
    failed: error => void told.push(String(error)),
    ...handlers,
  })
  return { ear, told, settled: () => new Promise(resolve => setTimeout(resolve, 20)) }
}

describe('an ear', () => {
  test('hears the same in any chunking, and its taker gets the very samples of the utterance', async () => {
    const sound = audio('____#######_______#####_______________#______########')
    const whole = await heard(sound, [sound.length])
    expect(whole.map(({ type }) => type)).toEqual([
      ...['taken', 'paused', 'resumed', 'paused', 'ended'],
      ...['taken', 'ended'],
    ])
    for (const event of whole) {
      if (event.type === 'ended') expect(event.pushed).toEqual(event.utterance?.samples)
    }
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
    const events = await heard(audio('__________##########____________', rate), [960], rate)
    const [taken] = events
    const [utterance] = utterancesOf(events)
    if (taken?.type !== 'taken') throw new Error('nobody was asked to take it')
    expect(Math.abs(taken.positionMs - 320)).toBeLessThanOrEqual(32)
    expect(Math.abs((utterance?.lastVoicedMs ?? 0) - 640)).toBeLessThanOrEqual(32)
  })

  test('gives positions on the timeline of the session', async () => {
    const events = await heard(audio('____##########____________'), [320], 16_000, 5000)
    expect(events[0]).toEqual({ type: 'taken', stretch: 1, positionMs: 5128 })
    expect(utterancesOf(events)).toMatchObject([{ startMs: 5032, lastVoicedMs: 5448 }])
  })

  test('says where in the utterance speech is', async () => {
    const [utterance] = utterancesOf(await heard(audio('________#######_______#######__________'), [320]))
    expect(utterance?.segments).toEqual([
      { startMs: 96, endMs: 320 },
      { startMs: 544, endMs: 768 },
    ])
  })

  test('gives what comes before and after a commit to their own stretches, however late it hears them', async () => {
    const { ear, told, settled } = logged()
    ear.push(audio('__##########'))
    ear.commit(2, byCommit)
    ear.push(audio('##########____________'))
    await settled()
    expect(told).toEqual(['voiced 1', 'ended 1 last 320', 'voiced 2', 'ended 2 320'])
  })

  test('hears nothing more of an utterance that was dropped, until it is over', async () => {
    const { ear, told, settled } = logged()
    ear.push(audio('__########'))
    ear.drop(2)
    ear.push(audio('#####____#########________'))
    await settled()
    expect(told).toEqual(['voiced 1'])
    ear.push(audio('________________##########____________'))
    await settled()
    expect(told).toEqual(['voiced 1', 'voiced 2', 'ended 2 320'])
  })

  test('that drops while nobody speaks hears the next word', async () => {
    const { ear, told, settled } = logged()
    ear.push(audio('____'))
    ear.drop(2)
    ear.push(audio('##########____________'))
    await settled()
    expect(told).toEqual(['voiced 2', 'ended 2 320'])
  })

  test('says nothing more once it is closed', async () => {
    const { ear, told, settled } = logged()
    ear.push(audio('##########'))
    ear.close()
    ear.end(byCommit)
    await settled()
    expect(told).toEqual([])
  })

  test('tells once that voice activity failed', async () => {
    const failures: unknown[] = []
    const broken = { open: () => ({ push: () => Promise.reject(new Error('broken')) }) }
    const handlers = {
      sound: () => {},
      voiced: () => null,
      ended: () => {},
      failed: (error: unknown) => failures.push(error),
    }
    const ear = createEar(broken, 16_000, 0, 1, options, handlers)
    ear.push(audio('####'))
    ear.push(audio('####'))
    ear.end(byCommit)
    await expect.poll(() => failures).toHaveLength(1)
  })
})
