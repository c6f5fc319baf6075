import { afterEach, beforeEach } from 'vitest'
import { type Comparisons, openComparisons } from '../../../server/lab/runs/comparisons.ts'
import { createFakeLab, type FakeLab } from './fakeLab.ts'
import { endOf, everythingOf, observedOf } from './fakeLabRun.ts'

/** New for every test of the file that imports them. */
export let fake: FakeLab
export let comparisons: Comparisons

beforeEach(async () => {
  fake = await createFakeLab()
  comparisons = await openComparisons(fake.lab)
})
afterEach(async () => {
  await comparisons.stop()
  await fake.dispose()
})

/** A server that starts where another one was; to be stopped before. */
export async function openAgain(): Promise<void> {
  comparisons = await openComparisons(fake.lab)
}
export const everything = () => everythingOf(fake)
export const ended = (id: string, from = comparisons) => endOf(from, id)
export const observed = (id: string) => observedOf(fake, id)
