import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { namesIn, wholeNumber } from '../../commands/quantities.ts'
import { textTable } from '../../commands/textTable.ts'
import { calibrated, turnsOf } from './calibrate.ts'
import { policies } from './languagePool.ts'
import { CELL, type CellSizing, cellFor, sized, speakersOfCell } from './plan.ts'
import { assumed, toldOfAssumed } from './profile.ts'
import { type Plan, simulate } from './simulate.ts'
import { type Arm, partialTable, policyTable, sizeTable } from './tables.ts'

/**
 * `npm run bench:sizing`: speakers, replicas, a router with its pools, simulated; how many of each so many speakers take, and what the ways to
 * place a question do. What is not in it: asking the language model at pauses for nothing, loads of models, hosts that fail.
 */

type Options = { record?: string; goal: number; seed: number; speakers: string[]; places: number }

await new Command('bench:sizing')
  .option('--record <file>', 'turns as NDJSON (quantvox turns export --format ndjson), to calibrate by')
  .option('--goal <ms>', 'first audio after speech end, for 95 of 100 turns', wholeNumber, 1500)
  .option('--speakers <counts>', 'comma-separated', namesIn, ['10', '1000', '100000'])
  .option(
    '--places <n>',
    'replies at once of a language host (OLLAMA_NUM_PARALLEL)',
    wholeNumber,
    assumed.slots,
  )
  .option('--seed <n>', 'decides all that is drawn', wholeNumber, 1)
  .action(run)
  .parseAsync()

async function run({ record, goal, seed, speakers, places }: Options): Promise<void> {
  const { profile: known, told } =
    record === undefined
      ? { profile: assumed, told: toldOfAssumed }
      : calibrated(turnsOf(await readFile(record, 'utf8')))
  const profile = { ...known, slots: places }
  print(textTable([['', 'value', 'from'], ...told.map(({ name, value, from }) => [name, value, from])]))
  const caches = [profile.slots, Number.POSITIVE_INFINITY]
  const cells = new Map<string, CellSizing | null>()
  const cell = (speakers: number, cachedConversations: number) => {
    const key = `${speakers} ${cachedConversations}`
    const known = cells.get(key)
    if (known !== undefined) return known
    const found = cellFor(profile, speakers, { goalMs: goal, cachedConversations, seed })
    cells.set(key, found)
    return found
  }
  const sizes = speakers.map(wholeNumber).flatMap(count =>
    caches.map(kept => {
      const found = cell(speakersOfCell(count), kept)
      return found && sized(profile, count, found)
    }),
  )
  const found = sizes.filter(size => size !== null)
  print(
    `\nOf each cell of up to ${CELL} speakers, for a first audio within ${goal} ms in 95 of 100 turns (seed ${seed}), by how many`,
  )
  print('conversations the cache of a language host keeps: as many as it has places, as Ollama, or all.\n')
  if (found.length > 0) print(sizeTable(found))
  if (found.length < sizes.length)
    print('For the rest no number of language hosts up to 64 a cell is enough: see --goal.')
  if (found.length === 0) return
  const plan = found.map(size => size.plan).reduce((a, b) => (b.speakers > a.speakers ? b : a))
  const tried = (arms: Plan[]): Arm[] => arms.map(arm => ({ arm, outcome: simulate(profile, arm, seed) }))

  const hosts = Math.min(
    ...found.filter(size => size.plan.speakers === plan.speakers).map(size => size.plan.languageHosts),
  )
  print(`\n${plan.speakers} speakers on ${hosts} language hosts, by how a question is placed:\n`)
  const arms = caches.flatMap(cachedConversations =>
    policies.map(policy => ({ ...plan, languageHosts: hosts, policy, cachedConversations })),
  )
  print(policyTable(tried(arms)))
  print(
    `\n${plan.speakers} speakers on ${plan.speechHosts} speech hosts, by what becomes of partial decodings when none is free:\n`,
  )
  print(partialTable(tried((['shed', 'queued'] as const).map(partials => ({ ...plan, partials })))))
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
