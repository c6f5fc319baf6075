import { hostname } from 'node:os'
import pino from 'pino'
import { expect, test } from 'vitest'
import { holdPlaces, placesOf } from '../../../server/assembly/record/measuredPlaces.ts'
import { createMemoryWork } from '../../support/record/memoryWork.ts'

const { signal } = new AbortController()
const log = pino({ level: 'silent' })
const SOON = { timeout: 10_000, interval: 20 }
const PLACES = ['gpu:11434', 'here']

test('what is measured is this machine, and another where the language model is on that', () => {
  const at = (OLLAMA_HOST: string) => placesOf({ OLLAMA_HOST })
  expect(at('http://127.0.0.1:11434')).toEqual([hostname()])
  expect(at('http://localhost:1')).toEqual([hostname()])
  expect(at('http://gpu:11434').toSorted()).toEqual([hostname(), 'gpu:11434'].toSorted())
})

test('of servers that share one place one measures at a time, whatever else is free', async () => {
  const work = createMemoryWork()
  const giveUp = await holdPlaces(work.as('a'), PLACES, signal, log)
  let isIn = false
  const second = holdPlaces(work.as('b'), ['gpu:11434', 'there'], signal, log).then(giveUp => {
    isIn = true
    return giveUp
  })
  // Who waits keeps nobody else from what is free.
  const third = await holdPlaces(work.as('c'), ['there'], signal, log)
  await third()
  expect(isIn).toBe(false)
  await giveUp()
  await (await second)()
  expect(await holdPlaces(work.as('a'), PLACES, signal, log)).toBeTypeOf('function')
})

test('who waits can be told to stop, and a record that does not answer holds up nobody', async () => {
  const work = createMemoryWork()
  await holdPlaces(work.as('a'), PLACES, signal, log)
  const control = new AbortController()
  const waiting = holdPlaces(work.as('b'), PLACES, control.signal, log)
  control.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  work.fail(new Error('away'))
  const giveUp = await holdPlaces(work.as('b'), PLACES, signal, log)
  await giveUp()
})

test('who was told that another measures there goes on waiting while the record is away', async () => {
  const work = createMemoryWork()
  const giveUp = await holdPlaces(work.as('a'), PLACES, signal, log)
  let asked = 0
  const counted = work.as('b')
  const tell: typeof counted.tell = (...told) => {
    asked++
    return counted.tell(...told)
  }
  let isIn = false
  const waiting = holdPlaces({ ...counted, tell }, PLACES, signal, log).then(giveUp => {
    isIn = true
    return giveUp
  })
  await expect.poll(() => asked, SOON).toBeGreaterThan(0)
  work.fail(new Error('away'))
  const before = asked
  await expect.poll(() => isIn || asked > before + PLACES.length, SOON).toBe(true)
  expect(isIn).toBe(false)
  work.fail(null)
  await giveUp()
  await (await waiting)()
})

test('a renewal that is late has nothing once more that was given up', async () => {
  const work = createMemoryWork()
  const own = work.as('a')
  const held = Promise.withResolvers<void>()
  let renewals = 0
  let isTaken = false
  const tell: typeof own.tell = async (...told) => {
    const isRenewal = isTaken && told[3] > 0
    if (isRenewal) renewals++
    if (isRenewal) await held.promise
    return await own.tell(...told)
  }
  const giveUp = await holdPlaces({ ...own, tell }, ['here'], signal, log)
  isTaken = true
  await expect.poll(() => renewals, SOON).toBe(1)
  const given = giveUp()
  held.resolve()
  await given
  expect(await work.as('b').tell('place', 'here', 'measured', 10)).toBe(true)
})
