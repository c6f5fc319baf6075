import { sleep } from '../../server/abort.ts'
import { randomFrom, seedOf } from '../../server/shared/seeded.ts'
import { watchEventLoop } from '../../test/support/eventLoop.ts'

/** Longest that one case may take before it counts as hung, milliseconds. */
const HUNG_MS = 240_000
const MAX_FAULTS_SHOWN = 20
const TOLD_EVERY_MS = 10_000

/** Random choices of one case, the same every time. */
export type Dice = {
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number
  oneOf<T>(items: readonly T[]): T
}

/** What came of one case: how it ended, in a word to count by, and what was wrong, null for nothing. */
export type Outcome = { ending: string; fault: string | null }

export type Attack = {
  name: string
  description: string
  /** Cases of the short form. */
  shortCount: number
  /** Makes ready what is attacked; asked once a run. */
  start(): Promise<Target>
}

export type Target = {
  /** Makes a case of the dice, or of its number, and tries it. What it throws is a fault. */
  attempt(dice: Dice, number: number): Promise<Outcome>
  stop(): Promise<void>
}

/** Runs the cases one after the other and prints what came of them; gives the number of faults. */
export async function runAttack(
  attack: Attack,
  { count, seed, first }: { count: number; seed: number; first: number },
  print: (line: string) => void,
): Promise<number> {
  print(`attack ${attack.name}: ${count} cases, seed ${seed}`)
  const target = await attack.start()
  const endings = new Map<string, number>()
  const unexpected: unknown[] = []
  const note = (error: unknown) => unexpected.push(error)
  process.on('uncaughtException', note).on('unhandledRejection', note)
  let faults = 0
  let worst = { workMs: 0, number: first }
  const fault = (number: number, what: string) => {
    faults++
    if (faults <= MAX_FAULTS_SHOWN) print(`  fault in case ${number}: ${what}`)
  }
  const loop = watchEventLoop()
  let toldAt = performance.now()
  for (let number = first; number < first + count; number++) {
    const dice = diceOf(seedOf(attack.name, seed, number))
    const { ending, fault: wrong } = await bounded(target.attempt(dice, number))
    const { workMs } = loop.worst()
    if (workMs > worst.workMs) worst = { workMs, number }
    endings.set(ending, (endings.get(ending) ?? 0) + 1)
    if (wrong !== null) fault(number, wrong)
    for (const error of unexpected.splice(0)) fault(number, `nobody caught ${stackOf(error)}`)
    if (performance.now() - toldAt < TOLD_EVERY_MS) continue
    toldAt = performance.now()
    print(`  ${number - first + 1} of ${count} cases, ${faults} faults`)
  }
  const { longestMs, workMs } = await loop.stop()
  process.off('uncaughtException', note).off('unhandledRejection', note)
  await target.stop()
  for (const [ending, times] of [...endings].sort((a, b) => b[1] - a[1])) print(`  ${times} × ${ending}`)
  print(
    `  event loop: stood still ${longestMs.toFixed(0)} ms at worst; by its own work ${workMs.toFixed(0)} ms, about case ${worst.number}`,
  )
  print(`  ${faults} faults`)
  return faults
}

async function bounded(attempt: Promise<Outcome>): Promise<Outcome> {
  const patience = new AbortController()
  const hung = sleep(HUNG_MS, patience.signal).then(() => ({
    ending: 'hung',
    fault: `no end after ${HUNG_MS / 1000} s`,
  }))
  hung.catch(() => {})
  const thrown = (error: unknown) => ({ ending: 'thrown', fault: stackOf(error) })
  const outcome = await Promise.race([attempt.catch(thrown), hung])
  patience.abort()
  return outcome
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function diceOf(seed: number): Dice {
  const random = randomFrom(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  return {
    below,
    oneOf(items) {
      const item = items[below(items.length)]
      if (item === undefined) throw new RangeError('There is nothing to choose from.')
      return item
    },
  }
}
