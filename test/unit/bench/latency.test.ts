import { expect, test, vi } from 'vitest'
import { measureLatency } from '../../../scripts/bench/latency/turns.ts'
import type { LiveClient } from '../../../scripts/bench/liveClient.ts'

/** A minute passes at once; the bench waits so long for a turn to end, and for nothing else. */
vi.mock('node:timers/promises', async original => {
  const real = await original<typeof import('node:timers/promises')>()
  const soon: typeof real.setTimeout = (ms, value, options) =>
    real.setTimeout((ms ?? 0) / 1000, value, options)
  return { ...real, setTimeout: soon }
})

test('clips in which the server hears nothing are said and left out, and the others are still asked', async () => {
  const said: string[] = []
  const write = vi.spyOn(process.stdout, 'write').mockImplementation(text => {
    said.push(String(text))
    return true
  })
  const asked: number[] = []
  const deaf = {
    send() {},
    next: (type: string) => (type === 'configured' ? Promise.resolve({}) : new Promise(() => {})),
    watch: () => ({ stop() {} }),
    async play(samples: Int16Array, until: Promise<unknown>) {
      asked.push(samples.length)
      await until
    },
  }
  const clips = ['quiet.wav', 'quieter.wav'].map(file => ({
    file,
    samples: new Int16Array(1600),
    audioMs: 100,
  }))
  const figures = await measureLatency({
    ...{ client: deaf as unknown as LiveClient, clips, rounds: 2, flite: null },
    ...{ speech: 'a level', llm: 'a model', numCtx: 2048, engine: { baseUrl: '' } },
    signal: new AbortController().signal,
  }).finally(() => write.mockRestore())
  expect(asked).toHaveLength(4)
  expect(figures).toMatchObject({ turns: 0, leftOut: 4 })
  expect(said).toEqual(
    [...clips, ...clips].map(({ file }) => expect.stringMatching(`^${file}: nothing was heard within 60 s`)),
  )
})
