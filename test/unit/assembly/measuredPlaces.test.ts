import { hostname } from 'node:os'
import pino from 'pino'
import { expect, test } from 'vitest'
import { holdPlaces, placesOf } from '../../../server/assembly/record/measuredPlaces.ts'
import { createMemoryWork } from '../../support/record/memoryWork.ts'

const { signal } = new AbortController()
const log = pino({ level: 'silent' })
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
