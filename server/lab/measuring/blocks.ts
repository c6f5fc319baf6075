import { seedOf, shuffled } from '../../shared/seeded.ts'
import type { Observation } from '../observations.ts'
import { type MeasuredArm, type Step, type Unit, type When, withNoiseArm } from './step.ts'

/** Work on clips or questions that an arm does some of while it is loaded once. */
export type BlockWork<Item> = {
  side: Step['side']
  /** What the items are, for people: "clips". Also decides their order, which is the same in every run. */
  items: string
  of: readonly Item[]
  /** Items in the first block, and in each of the others. */
  atOnce: { first: number; later: number }
  /** Each load counts as a round of its own: that of its block. */
  load(arm: MeasuredArm, block: number, signal: AbortSignal): Promise<Observation>
  /** What an arm does with an item, for people: "hears jfk.wav". */
  doing(item: Item): string
  measure(arm: MeasuredArm, item: Item, when: When, signal: AbortSignal): Promise<Observation>
  unload(arm: MeasuredArm, signal: AbortSignal): Promise<void>
}

type Arms = { arms: readonly { name: string }[]; noiseOf: string | null; rounds: number; seed: number }

/** Rounds over all items in blocks of a few; in each block every arm is loaded, does the same and is unloaded. */
export function blocksOf<Item>(work: BlockWork<Item>, { arms, noiseOf, rounds, seed }: Arms): Unit[] {
  const step = ({ name, noise }: MeasuredArm, what: string, measure: Step['measure']): Step => ({
    ...{ side: work.side, arm: name, noise, what, measure },
  })
  const units: Unit[] = []
  for (let round = 0; round < rounds; round++) {
    const items = shuffled(work.of, seedOf(work.items, round))
    for (let first = 0, size = 0; first < items.length; first += size) {
      size = units.length === 0 ? work.atOnce.first : work.atOnce.later
      const some = items.slice(first, first + size)
      const order = shuffled(withNoiseArm(arms, noiseOf), seedOf(seed, work.side, round, first))
      const block = units.length
      units.push({
        id: `${work.side} ${round} ${first}`,
        what: `round ${round + 1}, ${work.items} ${first + 1} to ${first + some.length}`,
        steps: order.flatMap(arm => [
          step(arm, `loading ${arm.name}`, async signal => [await work.load(arm, block, signal)]),
          ...some.map(item =>
            step(arm, `${arm.name} ${work.doing(item)}`, async signal => [
              await work.measure(arm, item, { round, block }, signal),
            ]),
          ),
          step(arm, `unloading ${arm.name}`, async signal => {
            await work.unload(arm, signal)
            return []
          }),
        ]),
      })
    }
  }
  return units
}
