import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { createFindSpeech } from '../../server/hearing/speechSegments.ts'
import { createVoiceActivity } from '../../server/hearing/voiceActivity.ts'
import { shuffled } from '../../server/shared/seeded.ts'
import { startBenchServer } from './benchServer.ts'
import { ownClips, readSpeechClips } from './speechClips.ts'
import { armOf } from './turntaking/arms.ts'
import { type SoundOutcome, soundFigures, type TurnOutcome, turnFigures } from './turntaking/figures.ts'
import { allItems } from './turntaking/items/allItems.ts'
import {
  type Choice,
  chosenOf,
  countsOf,
  falseStopSets,
  isTurn,
  realStopSets,
  turnSets,
} from './turntaking/items/items.ts'
import { withFlite } from './turntaking/items/speakWithFlite.ts'
import { playSound } from './turntaking/playSound.ts'
import { playTurn } from './turntaking/playTurn.ts'
import { printSounds, printTurns } from './turntaking/print.ts'
import { withCpu } from './turntaking/serverCpu.ts'

/**
 * `npm run bench:turntaking`: what people say and what rooms sound like, played in real time over a real socket, hands-free: how often
 * a turn ends before its speaker is done, how long after the end it ends, what stops a reply and what does not. Arms take turns on
 * each item, in one run.
 */

type Options = {
  audio: string
  speech: string
  arms: string
  items: string
  holds: string
  count: string
  seed: string
  speakers: Choice['speakers']
  json?: string
}

const sets: readonly string[] = [...turnSets, ...falseStopSets, ...realStopSets]

await new Command('bench:turntaking')
  .option('--audio <dir>', 'clips with a manifest.json', ownClips)
  .option('--speech <level>', 'speech model level', 'whisper-tiny.en-q8_0')
  .option(
    '--arms <arms>',
    'milliseconds of silence, or presets, comma-separated',
    '200,500,800,1000,1600,fast,balanced,patient',
  )
  .option('--items <sets>', `comma-separated, of ${sets.join(', ')}`, sets.join(','))
  .option('--holds <n>', 'pauses put into each clip, one at a time', '3')
  .option('--count <n>', 'items of each set at most', '1000')
  .option('--seed <n>', 'decides which, where and how long they are', '1')
  .addOption(
    new Option('--speakers <which>', 'one half of them to tune on, the other to judge on')
      .choices(['all', 'odd', 'even'])
      .default('all'),
  )
  .option('--json <file>', 'write all outcomes here too')
  .action(run)
  .parseAsync()
// The socket of Node keeps the process for as long as the server takes to close it.
process.exit()

async function run({ json, ...options }: Options): Promise<void> {
  const items = await itemsFor(options)
  const arms = options.arms.split(',').map(armOf)
  const speakers = new Set(items.map(({ speaker }) => speaker)).size
  print(
    `${items.length} items of ${speakers} speakers (${options.speakers}), seed ${options.seed}; each some 10 s in each of ${arms.length} arms`,
  )
  print(countsOf(items))
  const turns: TurnOutcome[] = []
  const sounds: SoundOutcome[] = []
  const server = await startBenchServer({
    ...{ SPEECH_MODEL: options.speech, ENDPOINTING: 'learned', VOICE: 'flite:slt', TEMPERATURE: '0' },
  })
  try {
    // What only the first turn pays is no delay of a turn.
    const first = items.find(isTurn)
    for (const arm of arms) if (first) await playTurn(server.url, first, arm)
    for (const [index, item] of items.entries()) {
      process.stderr.write(`\r${index + 1} of ${items.length}`)
      for (const arm of shuffled(arms, index)) {
        if (isTurn(item)) {
          const [played, cpuSeconds] = await withCpu(server.pid, () => playTurn(server.url, item, arm))
          const { samples, ...about } = item
          turns.push({ arm: arm.name, item: about, played, cpuSeconds })
        } else {
          const [played, cpuSeconds] = await withCpu(server.pid, () => playSound(server.url, item, arm))
          const { samples, asked, ...about } = item
          sounds.push({ arm: arm.name, item: about, played, cpuSeconds })
        }
      }
      // A run that is broken off leaves what it has.
      if (json !== undefined) await writeFile(json, `${JSON.stringify({ turns, sounds }, null, 2)}\n`)
    }
  } finally {
    await server.stop()
  }
  process.stderr.write('\n')
  const names = arms.map(({ name }) => name)
  if (turns.length > 0)
    printTurns(
      names.map(name => turnFigures(name, turns)),
      print,
    )
  if (sounds.length > 0)
    printSounds(
      names.map(name => soundFigures(name, sounds)),
      print,
    )
}

async function itemsFor(options: Options) {
  const wanted = options.items.split(',')
  for (const set of wanted) if (!sets.includes(set)) throw new Error(`${set} is none of ${sets.join(', ')}`)
  const { signal } = new AbortController()
  const findSpeech = createFindSpeech(await createVoiceActivity())
  const clips = await readSpeechClips(resolve(options.audio), findSpeech, signal)
  const [seed, holds] = [Number(options.seed), Number(options.holds)]
  const all = await withFlite(speak => allItems(clips, speak, holds, seed))
  return chosenOf(all, { sets: wanted, speakers: options.speakers, count: Number(options.count), seed })
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
