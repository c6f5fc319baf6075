import { readdir } from 'node:fs/promises'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { createFlite, type Flite } from '../../../server/engines/flite/flite.ts'
import { residentBytes } from '../../../server/engines/memory.ts'
import { processIdentity } from '../../../server/engines/processIdentity.ts'
import type { SpeakerDeps } from '../../../server/engines/speaking/speaker.ts'
import { quietLog } from '../../support/quietLog.ts'

const never = new AbortController().signal
const sentence = 'The quick brown fox jumps over the lazy dog.'
/** Speaking this takes flite far longer than any other step of a test. */
const longText = 'and so on and on, '.repeat(1500)
const started: Flite[] = []

function create(more: Partial<SpeakerDeps> = {}): Flite {
  const flite = createFlite({ log: quietLog(), ...more })
  started.push(flite)
  return flite
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(resolve => setTimeout(resolve, 5))
}

const loudness = (samples: Int16Array) =>
  Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length)

afterEach(async () => {
  await Promise.all(started.splice(0).map(flite => flite.stop()))
})

/** For the tests that leave it as it was. */
const shared = createFlite({ log: quietLog() })
afterAll(() => shared.stop())

describe('flite in a process of its own', () => {
  it.each(['slt', 'rms', 'awb', 'kal16'])(
    'speaks with the voice %s: loud enough, and as long as speech is',
    async voice => {
      const { samples, sampleRate, inferenceMs } = await shared.speak(sentence, voice, never)
      expect(sampleRate).toBe(16_000)
      expect(loudness(samples)).toBeGreaterThan(500)
      // Nine words; speech has two to five a second.
      expect(samples.length / sampleRate).toBeGreaterThan(1.8)
      expect(samples.length / sampleRate).toBeLessThan(4.5)
      expect(inferenceMs).toBeGreaterThan(0)
    },
  )

  it('says the same twice, so nothing of one run is left in the next', async () => {
    const flite = shared
    const first = await flite.speak(sentence, 'slt', never)
    await flite.speak('Something else in between.', 'awb', never)
    await new Promise(resolve => setTimeout(resolve, 100))
    expect((await flite.speak(sentence, 'slt', never)).samples).toEqual(first.samples)
  })

  it.each(['-voice kal', '--help', '$(date) `id` "quotes"', '/etc/passwd', '<b>not markup</b>', '%s%n'])(
    'reads %j as text and not as anything else',
    async text => {
      const { samples } = await shared.speak(text, 'slt', never)
      expect(loudness(samples)).toBeGreaterThan(100)
    },
  )

  it('keeps the order of what is asked at the same time', async () => {
    const flite = shared
    const order: number[] = []
    await Promise.all(
      ['One.', 'A much longer second sentence, with more words.', 'Three.'].map(async (text, index) => {
        await flite.speak(text, 'slt', never)
        order.push(index)
      }),
    )
    expect(order).toEqual([0, 1, 2])
  })

  it('that is killed fails only the sentence in it; the next one is spoken by another process', async () => {
    const flite = create()
    await flite.warm(never)
    const { pid } = flite.status()
    const doomed = flite.speak(longText, 'slt', never)
    const next = flite.speak(sentence, 'slt', never)
    setTimeout(() => process.kill(pid ?? 0, 'SIGKILL'), 20)
    await expect(doomed).rejects.toMatchObject({
      code: 'engine_failed',
      message: expect.stringContaining('SIGKILL'),
      meaning: expect.stringContaining('memory'),
    })
    expect((await next).samples.length).toBeGreaterThan(10_000)
    expect(flite.status()).toMatchObject({ state: 'ready', lastError: null })
    expect(flite.status().pid).not.toBe(pid)
  })

  it('that is killed while idle comes back by itself', async () => {
    let restarts = 0
    const flite = create({ onRestart: () => restarts++ })
    await flite.warm(never)
    const { pid } = flite.status()
    process.kill(pid ?? 0, 'SIGKILL')
    await until(() => flite.status().state === 'ready' && flite.status().pid !== pid)
    expect(restarts).toBe(1)
    expect((await flite.speak(sentence, 'slt', never)).samples.length).toBeGreaterThan(10_000)
  })

  it('lets go of an aborted sentence at once, and soon stops working on it', async () => {
    const flite = create()
    await flite.warm(never)
    const { pid } = flite.status()
    const leaver = new AbortController()
    const aborted = flite.speak(longText, 'slt', leaver.signal)
    setTimeout(() => leaver.abort(new Error('interrupted')), 20)
    await expect(aborted).rejects.toThrow('interrupted')
    await until(async () => (await processIdentity(pid ?? 0)) === null)
    expect((await flite.speak(sentence, 'slt', never)).samples.length).toBeGreaterThan(10_000)
  })

  it('that stands still is ended, at a start too, and the next sentence is spoken by another process', async () => {
    const flite = create({ timeoutMs: 1500, startTimeoutMs: 1500 })
    await flite.warm(never)
    process.kill(flite.status().pid ?? 0, 'SIGSTOP')
    await expect(flite.speak(sentence, 'slt', never)).rejects.toMatchObject({
      code: 'engine_timeout',
      meaning: expect.stringContaining('hung'),
    })
    process.kill(flite.status().pid ?? 0, 'SIGSTOP')
    await expect(flite.speak(sentence, 'slt', never)).rejects.toMatchObject({ code: 'engine_timeout' })
    expect((await flite.speak(sentence, 'slt', never)).samples.length).toBeGreaterThan(10_000)
  })

  it('says engine_timeout for a sentence that takes too long', async () => {
    const flite = create({ timeoutMs: 30 })
    await flite.warm(never)
    await expect(flite.speak(longText, 'slt', never)).rejects.toMatchObject({ code: 'engine_timeout' })
    expect(flite.status().state).not.toBe('stopped')
  })

  it('is renewed after so many sentences, and no sentence notices', async () => {
    const flite = create({ maxSentences: 4 })
    const pids = new Set<number | null>()
    for (let spoken = 0; spoken < 10; spoken++) {
      await flite.speak('Yes.', 'slt', never)
      pids.add(flite.status().pid)
    }
    expect(pids.size).toBeGreaterThanOrEqual(3)
    expect(flite.status().lastError).toBeNull()
  })

  it('is renewed when it holds too much memory', async () => {
    const flite = create({ maxResidentBytes: 1 })
    await flite.warm(never)
    const { pid } = flite.status()
    await flite.speak('Yes.', 'slt', never)
    await until(() => flite.status().pid !== pid && flite.status().state === 'ready')
  })

  it('gives back in the pauses what its sentences took', async () => {
    const flite = create()
    const held: number[] = []
    for (let spoken = 0; spoken < 14; spoken++) {
      await flite.speak(sentence, 'slt', never)
      await new Promise(resolve => setTimeout(resolve, 150))
      held.push((await residentBytes(flite.status().pid ?? 0)) ?? 0)
    }
    // Each run takes 20 MB and more: left to V8 they pile up to some 100 MB before it collects them (measured).
    expect(Math.max(...held)).toBeLessThan((held[0] ?? 0) + 50_000_000)
  })

  it.runIf(process.platform === 'linux')('leaves no file open behind a sentence', async () => {
    const flite = create()
    await flite.speak('Yes.', 'slt', never)
    const open = async () => (await readdir(`/proc/${flite.status().pid}/fd`)).length
    const before = await open()
    for (let spoken = 0; spoken < 20; spoken++) await flite.speak('Yes.', 'slt', never)
    expect(await open()).toBeLessThan(before + 10)
  })

  it('ends with stop, in the middle of a sentence too', async () => {
    const flite = create()
    await flite.warm(never)
    const { pid } = flite.status()
    const cut = flite.speak(longText, 'slt', never)
    const stopped = flite.stop()
    await expect(cut).rejects.toMatchObject({ code: 'shutting_down' })
    await stopped
    expect(await processIdentity(pid ?? 0)).toBeNull()
    await expect(flite.speak(sentence, 'slt', never)).rejects.toMatchObject({ code: 'shutting_down' })
  })
})
