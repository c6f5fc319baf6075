import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { whenCalm } from '../../../server/lab/runs/calm.ts'
import { createTurnsUnderWay } from '../../../server/session/underWay.ts'

const { signal } = new AbortController()

test('waits until no turn is under way', async () => {
  const underWay = createTurnsUnderWay()
  const [one, two] = [underWay.begin(), underWay.begin()]
  let begun = false
  const work = whenCalm(underWay, async () => (begun = true), signal)
  one()
  one()
  await sleep(10)
  expect(begun).toBe(false)
  two()
  expect(await work).toEqual({ disturbed: false, value: true })
})

test('a turn that begins meanwhile breaks long work off, and only disturbs short work', async () => {
  const underWay = createTurnsUnderWay()
  const later = (ms: number) => whenCalm(underWay, calm => sleep(ms, 'done', { signal: calm }), signal, 30)
  const long = later(5000)
  const short = later(15)
  await sleep(1)
  const over = underWay.begin()
  expect(await short).toEqual({ disturbed: true, value: 'done' })
  expect(await long).toEqual({ disturbed: true, value: null })
  over()
  expect(await later(1)).toEqual({ disturbed: false, value: 'done' })
})

test('who gives up waiting gets the reason, and an error of the work is the error of the work', async () => {
  const underWay = createTurnsUnderWay()
  underWay.begin()
  const stopping = new AbortController()
  const waiting = whenCalm(underWay, async () => 1, stopping.signal)
  stopping.abort(new Error('stop'))
  await expect(waiting).rejects.toThrow('stop')
  const failing = whenCalm(createTurnsUnderWay(), () => Promise.reject(new Error('broken')), signal)
  await expect(failing).rejects.toThrow('broken')
})
