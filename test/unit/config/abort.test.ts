import { describe, expect, test } from 'vitest'
import { untilAborted, within } from '../../../server/abort.ts'

const never = new Promise<never>(() => {})

describe('until aborted', () => {
  test('is the value, or the reason as soon as there is one', async () => {
    const leave = new AbortController()
    expect(await untilAborted(Promise.resolve(1), leave.signal)).toBe(1)
    const waiting = untilAborted(never, leave.signal)
    leave.abort(new Error('left'))
    await expect(waiting).rejects.toThrow('left')
    await expect(untilAborted(Promise.resolve(1), leave.signal)).rejects.toThrow('left')
  })

  test('leaves nobody to hear of a failure that comes later', async () => {
    const work = Promise.withResolvers<never>()
    await expect(untilAborted(work.promise, AbortSignal.abort(new Error('left')))).rejects.toThrow('left')
    work.reject(new Error('unheard'))
    await new Promise(setImmediate)
  })
})

describe('within', () => {
  test('is what comes in time, a failure and no value included', async () => {
    expect(await within(Promise.resolve(null), 1000, () => 'late')).toBeNull()
    await expect(within(Promise.reject(new Error('failed')), 1000, () => 'late')).rejects.toThrow('failed')
  })

  test('is what the one who waited makes of being late', async () => {
    expect(await within(never, 1, () => 'late')).toBe('late')
    const tooLate = () => {
      throw new Error('too late')
    }
    await expect(within(never, 1, tooLate)).rejects.toThrow('too late')
  })
})
