import { seedOf, shuffled } from './seeded.ts'
import { type MeasuredArm, type Step, type Unit, type When, withNoiseArm } from './step.ts'

/** Work on clips or questions that an arm does some of while it is loaded once. */
export type BlockWork<Item> = {
  side: Step['side']
  /** What the items are, for people: "clips". Also decides their order, which is the same in every run. */
  items: string
  of: readonly Item[]
  /** Items in one block. */
  atOnce: number
  load(arm: MeasuredArm, block: number): Step
  measure(arm: MeasuredArm, item: Item, when: When): Step
  unload(arm: MeasuredArm): Step
}

type Arms = { arms: readonly { name: string }[]; noiseOf: string | null; rounds: number; seed: number }

/** Rounds over all items in blocks of a few; in each block every arm is loaded, does the same and is unloaded. */
export function blocksOf<Item>(work: BlockWork<Item>, { arms, noiseOf, rounds, seed }: Arms): Unit[] {
  const units: Unit[] = []
  for (let round = 0; round < rounds; round++) {
    const items = shuffled(work.of, seedOf(work.items, round))
    for (let first = 0; first < items.length; first += work.atOnce) {
      const some = items.slice(first, first + work.atOnce)
      const order = shuffled(withNoiseArm(arms, noiseOf), seedOf(seed, work.side, round, first))
      const block = units.length
      units.push({
        id: `${work.side} ${round} ${first}`,
        what: `round ${round + 1}, ${work.items} ${first + 1} to ${first + some.length}`,
        steps: order.flatMap(arm => [
          work.load(arm, block),
          ...some.map(item => work.measure(arm, item, { round, block })),
          work.unload(arm),
        ]),
      })
    }
  }
  return units
}
