import { Command, InvalidArgumentError } from 'commander'
import type { Attack } from './attack.ts'
import { runAttack } from './attack.ts'
import { frameAttack } from './frames/frameAttack.ts'
import { killAttack } from './kills/killAttack.ts'
import { messageAttack } from './messages/messageAttack.ts'
import { routeAttack } from './routes/routeAttack.ts'
import { soak } from './soak.ts'
import { stopAttack } from './stops/stopAttack.ts'
import { wavAttack } from './wavs/wavAttack.ts'
import { wyomingAttack } from './wyoming/wyomingAttack.ts'

/**
 * `npm run attack`: every attack that needs no engine in its short form, as `npm test` does; `npm run attack -- wavs --count 100000`
 * one of them for longer. A case is made from the seed and its number alone, so `--first N --count 1` runs it again.
 */

/** Those that need no engine. */
const attacks: Attack[] = [wavAttack, routeAttack, messageAttack, frameAttack, wyomingAttack, stopAttack]

/** Too short for memory: turns go on, and their rows are there. */
const SHORT_SOAK_MINUTES = 0.5

type Options = { count?: number; seed: number; first: number }

const program = new Command('attack').description('Attacks the server; fails when it shows a fault.')
for (const attack of [...attacks, killAttack]) {
  program
    .command(attack.name)
    .description(attack.description)
    .option('--count <n>', `cases; ${attack.shortCount} unless told`, wholeNumber)
    .option('--seed <n>', 'seed of all cases', wholeNumber, 1)
    .option('--first <n>', 'number of the first case', wholeNumber, 0)
    .action(({ count = attack.shortCount, seed, first }: Options) => run(attack, { count, seed, first }))
}
program
  .command('soak')
  .description('Turns without end, with a look at the memory of the server')
  .option('--minutes <n>', 'how long', wholeNumber, 130)
  .option('--seed <n>', 'seed of the pauses', wholeNumber, 1)
  .action(watchMemory)
program.action(async () => {
  for (const attack of attacks) await run(attack, { count: attack.shortCount, seed: 1, first: 0 })
  await watchMemory({ minutes: SHORT_SOAK_MINUTES, seed: 1 })
})
await program.parseAsync()
// The clients of a soak have no end of their own.
process.exit()

async function watchMemory(options: { minutes: number; seed: number }): Promise<void> {
  if ((await soak(options, print)) > 0) process.exitCode = 1
}

async function run(attack: Attack, options: Required<Options>): Promise<void> {
  const faults = await runAttack(attack, options, print)
  if (faults > 0) process.exitCode = 1
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}
