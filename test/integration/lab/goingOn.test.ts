import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { comparisons, ended, everything, fake, observed, openAgain } from '../../support/lab/labOfTest.ts'

const { signal } = new AbortController()

describe('stopping and going on', () => {
  test('a step that does not stop keeps no server from stopping, and no run begins any more', async () => {
    const stuck = Promise.withResolvers<void>()
    const reached = Promise.withResolvers<void>()
    fake.hooks.beforeAcquire = () => {
      reached.resolve()
      return stuck.promise
    }
    const { id } = await comparisons.create(everything(), signal)
    await reached.promise
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const stopped = comparisons.stop()
      await vi.advanceTimersByTimeAsync(5_000)
      await stopped
    } finally {
      vi.useRealTimers()
    }
    await expect(comparisons.create(everything(), signal)).rejects.toMatchObject({ code: 'shutting_down' })
    await expect(comparisons.resume(id)).rejects.toMatchObject({ code: 'shutting_down' })
    stuck.resolve()
    await comparisons.stop()
  })

  test('a cancelled run keeps what it had and gives a result', async () => {
    let answers = 0
    const { id } = await comparisons.create(everything(), signal)
    fake.ollama.hooks.beforeChat = async () => {
      if (++answers === 5) void comparisons.remove(id)
      return true
    }
    expect((await ended(id)).last).toEqual({ event: 'done', data: { id, state: 'cancelled' } })
    const result = await comparisons.result(id)
    expect(result.state).toBe('cancelled')
    expect(result.speech[0]?.figures.inferenceMs.n).toBeGreaterThan(0)
    await comparisons.remove(id)
    expect(() => comparisons.status(id)).toThrow(/There is no comparison/)
  })

  test('a run that a stopped server left is interrupted, gives what it had, and goes on where it was', async () => {
    let answers = 0
    const { id } = await comparisons.create(everything(), signal)
    const stopped = Promise.withResolvers<void>()
    const followed = ended(id)
    followed.catch(() => {})
    fake.ollama.hooks.beforeChat = () => {
      if (++answers === 6) void comparisons.stop().then(stopped.resolve)
      return true
    }
    await stopped.promise
    await expect(followed).rejects.toMatchObject({ code: 'shutting_down' })
    const before = await observed(id)
    fake.ollama.hooks.beforeChat = () => true
    await openAgain()
    expect(comparisons.status(id).state).toBe('interrupted')
    const judge = vi.spyOn(fake.lab, 'judge')
    const results = await Promise.all(Array.from({ length: 5 }, () => comparisons.result(id)))
    expect(results.map(({ speech }) => speech[0]?.figures.wordErrorRate.value)).toEqual([0, 0, 0, 0, 0])
    expect(judge).toHaveBeenCalledTimes(1)
    await comparisons.resume(id)
    expect((await ended(id)).last).toMatchObject({ event: 'done', data: { state: 'done' } })
    const lines = await observed(id)
    expect(lines.slice(0, before.length - 1)).toEqual(before.slice(0, -1))
    const answered = lines.filter(line => line.kind === 'llm-answer')
    expect(answered).toHaveLength(2 * 2 * 4)
    const steps = new Set(
      answered.map(({ arm, noise, round, question }) => `${arm} ${noise} ${round} ${question}`),
    )
    expect(steps.size).toBe(answered.length)
  })

  test('results of several that ended early are judged one after another', async () => {
    const ids: string[] = []
    for (let i = 0; i < 3; i++) {
      fake.ollama.hooks.beforeChat = async () => {
        void comparisons.remove(ids[i] ?? '')
        return true
      }
      ids.push((await comparisons.create({ llmModels: ['fake:1b-q8_0'], rounds: 1 }, signal)).id)
      await ended(ids[i] ?? '')
      await rm(join(fake.lab.dataDir, 'comparisons', ids[i] ?? '', 'result.json'), { force: true })
    }
    let [now, most] = [0, 0]
    const { judge } = fake.lab
    vi.spyOn(fake.lab, 'judge').mockImplementation(async (...of) => {
      most = Math.max(most, ++now)
      return await judge(...of).finally(() => now--)
    })
    await Promise.all(ids.map(id => comparisons.result(id)))
    expect(most).toBe(1)
  })

  test('one runs at a time, the next waits, and a waiting one can be cancelled', async () => {
    const first = await comparisons.create(everything(), signal)
    const second = await comparisons.create(everything(), signal)
    const third = await comparisons.create({ ...everything(), llmModels: ['fake:1b-q8_0'] }, signal)
    await comparisons.remove(second.id)
    expect(comparisons.list().map(({ id }) => id)).toEqual([third.id, second.id, first.id])
    expect(comparisons.status(second.id).state).toBe('cancelled')
    await ended(first.id)
    expect((await ended(third.id)).last).toMatchObject({ event: 'done', data: { state: 'done' } })
    expect((await observed(first.id)).at(-1)?.kind).toBe('ended')
  })
})

test('an eleventh comparison is at_capacity until one of the ten is cancelled', async () => {
  fake.ollama.hooks.beforeChat = () => true
  const created = await Promise.allSettled(
    Array.from({ length: 12 }, () => comparisons.create(everything(), signal)),
  )
  const refused = created.filter(one => one.status === 'rejected')
  expect(refused.map(({ reason }) => reason)).toEqual([
    expect.objectContaining({ code: 'at_capacity', retryAfterSeconds: 60 }),
    expect.objectContaining({ code: 'at_capacity' }),
  ])
  expect(comparisons.list()).toHaveLength(10)
  const waiting = comparisons.list().find(({ state }) => state === 'queued')
  await comparisons.remove(waiting?.id ?? '')
  expect((await comparisons.create(everything(), signal)).state).toBe('queued')
})
