import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { createFindSpeech } from '../../server/hearing/speechSegments.ts'
import { createVoiceActivity } from '../../server/hearing/voiceActivity.ts'
import { shuffled } from '../../server/shared/seeded.ts'
import { startBenchServer } from './benchServer.ts'
import { ownClips, readSpeechClips } from './speechClips.ts'
import { type ArmFigures, armFigures, type Outcome } from './turntaking/figures.ts'
import { type Hold, holdsOf } from './turntaking/holds.ts'
import { type Arm, playHold } from './turntaking/playHold.ts'

/**
 * `npm run bench:turntaking`: utterances with a pause put into them, played in real time over a real socket, hands-free: how often
 * a turn ends inside the pause, and how long after the end it ends. Arms take turns on each utterance, in one run.
 */

type Options = {
  audio: string
  speech: string
  arms: string
  holds: string
  seed: string
  speakers: 'all' | 'odd' | 'even'
  json?: string
}

await new Command('bench:turntaking')
  .option('--audio <dir>', 'clips with a manifest.json', ownClips)
  .option('--speech <level>', 'speech model level', 'whisper-tiny.en-q8_0')
  .option(
    '--arms <arms>',
    'milliseconds of silence, or presets, comma-separated',
    '500,800,fast,balanced,patient',
  )
  .option('--holds <n>', 'pauses put into each clip, one at a time', '3')
  .option('--seed <n>', 'decides where and how long they are', '1')
  .option('--speakers <which>', 'all, or one half of them: odd or even', 'all')
  .option('--json <file>', 'write all outcomes here too')
  .action(run)
  .parseAsync()
// The socket of Node keeps the process for as long as the server takes to close it.
process.exit()

async function run(options: Options): Promise<void> {
  const { signal } = new AbortController()
  const findSpeech = createFindSpeech(await createVoiceActivity())
  const clips = await readSpeechClips(resolve(options.audio), findSpeech, signal)
  const holds = halfOf(holdsOf(clips, Number(options.holds), Number(options.seed)), options.speakers)
  const arms = options.arms.split(',').map(armOf)
  process.stdout.write(
    `${holds.length} holds in ${new Set(holds.map(({ file }) => file)).size} clips of ${new Set(holds.map(({ speaker }) => speaker)).size} speakers, seed ${options.seed}\n`,
  )
  const outcomes: Outcome[] = []
  const server = await startBenchServer({
    SPEECH_MODEL: options.speech,
    ENDPOINTING: 'learned',
    VOICE: 'none',
  })
  try {
    // What only the first turn pays is no delay of a turn.
    for (const arm of arms) if (holds[0]) await playHold(server.url, holds[0], arm)
    for (const [index, hold] of holds.entries()) {
      process.stderr.write(`\r${index + 1} of ${holds.length}`)
      for (const arm of shuffled(arms, index)) {
        const { file, speaker, holdMs } = hold
        const played = await playHold(server.url, hold, arm)
        outcomes.push({ arm: arm.name, hold: { file, speaker, holdMs }, played })
      }
      // A run that is broken off leaves what it has.
      if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(outcomes, null, 2)}\n`)
    }
  } finally {
    await server.stop()
  }
  process.stderr.write('\n')
  print(arms.map(({ name }) => armFigures(name, outcomes)))
}

function armOf(text: string): Arm {
  if (text === 'fast' || text === 'balanced' || text === 'patient') {
    return { name: `learned, ${text}`, endpointing: { mode: 'learned', preset: text } }
  }
  const silenceMs = Number(text)
  if (!Number.isInteger(silenceMs)) throw new Error(`${text} is no preset and no silence in milliseconds`)
  return { name: `silence, ${text} ms`, endpointing: { mode: 'silence', silenceMs } }
}

/** By speaker, so that what is tuned on one half can be judged on the other. */
function halfOf(holds: Hold[], which: Options['speakers']): Hold[] {
  const speakers = [...new Set(holds.map(({ speaker }) => speaker))].toSorted()
  return holds.filter(
    ({ speaker }) => which === 'all' || speakers.indexOf(speaker) % 2 === (which === 'odd' ? 1 : 0),
  )
}

function print(all: readonly ArmFigures[]): void {
  const row = (arm: string, ...cells: string[]) =>
    process.stdout.write(`${arm.padEnd(20)}${cells.map(cell => cell.padStart(30)).join('')}\n`)
  const ms = (value: number) => `${Math.round(value)}`
  const with95 = ({ value, interval }: ArmFigures['cutOffPercent']) =>
    `${ms(value)}${interval === null ? '' : ` (${interval.map(ms).join('–')})`}`
  const times = ({ mean, p50, p90 }: ArmFigures['decidedMs']) => `${with95(mean)}, ${ms(p50)}, ${ms(p90)}`
  row('arm', 'cut off in a hold, %', 'decided: mean, p50, p90', 'token: mean, p50, p90')
  for (const { arm, cutOffPercent, decidedMs, firstTokenMs } of all)
    row(arm, with95(cutOffPercent), times(decidedMs), times(firstTokenMs))
}
