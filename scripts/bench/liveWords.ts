import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { createFindSpeech } from '../../server/hearing/speechSegments.ts'
import { createVoiceActivity } from '../../server/hearing/voiceActivity.ts'
import { startBenchServer } from './benchServer.ts'
import { ownClips, readSpeechClips, type SpeechClip } from './speechClips.ts'
import {
  type ClipHeard,
  hearClips,
  joinedText,
  partsOf,
  type WordFigures,
  wordFigures,
} from './words/wordFigures.ts'

/**
 * `npm run bench:words`: what of the words in a folder of clips a live session hears, in push-to-talk and hands-free over a real
 * socket, beside the same clips decoded as a whole; and whether it makes as many turns of a clip as the clip has pauses.
 */

type Options = { audio: string; speech: string; silence: string; speed: string; json?: string }

await new Command('bench:words')
  .option('--audio <dir>', 'clips with a manifest.json', ownClips)
  .option('--speech <levels>', 'speech model levels, comma-separated', 'whisper-tiny.en-q8_0')
  .option('--silence <ms>', 'silence that ends a turn', '500')
  .option('--speed <times>', 'how much faster than a microphone audio is sent, below 2', '1.8')
  .option('--json <file>', 'write all figures here too')
  .action(run)
  .parseAsync()
// The socket of Node keeps the process for as long as the server takes to close it.
process.exit()

async function run({ audio, speech, silence, speed, json }: Options): Promise<void> {
  const { signal } = new AbortController()
  const levels = speech.split(',')
  const findSpeech = createFindSpeech(await createVoiceActivity())
  const clips = await readSpeechClips(resolve(audio), findSpeech, signal)
  const results: { level: string; figures: WordFigures; clips: ClipHeard[] }[] = []
  for (const level of levels) {
    process.stdout.write(`\n${level}, silence ${silence} ms\n`)
    const heard = await hearLevel(level, clips, Number(silence), Number(speed))
    const figures = wordFigures(heard)
    results.push({ level, figures, clips: heard })
    print(figures)
  }
  if (json !== undefined) await writeFile(json, `${JSON.stringify(results, null, 2)}\n`)
}

async function hearLevel(
  speechModel: string,
  clips: SpeechClip[],
  silenceMs: number,
  speed: number,
): Promise<ClipHeard[]> {
  const server = await startBenchServer({ SPEECH_MODEL: speechModel, VOICE: 'none' })
  const options = { url: server.url, speechModel, silenceMs, speed }
  return await hearClips(clips, options, printClip).finally(server.stop)
}

function printClip({ file, kind, offline, pushToTalk, handsFree, expectedParts }: ClipHeard): void {
  const line = (name: string, text: string) => process.stdout.write(`  ${name.padEnd(14)} ${text}\n`)
  const outcomes = handsFree.map(({ outcome }) => outcome).join(', ')
  const turns =
    kind === 'speech'
      ? `${handsFree.length} turns, ${partsOf(handsFree)} of ${expectedParts} parts`
      : outcomes
  process.stdout.write(`${file}: ${turns || 'no turn'}\n`)
  line('offline', offline)
  if (joinedText(pushToTalk) !== offline) line('push-to-talk', joinedText(pushToTalk))
  if (joinedText(handsFree) !== offline) line('hands-free', handsFree.map(({ text }) => text).join(' | '))
}

function print(figures: WordFigures): void {
  const { clips, words, offline, pushToTalk, handsFree, miscounted, nonspeech } = figures
  const line = (name: string, value: string) => process.stdout.write(`${name.padEnd(34)} ${value}\n`)
  const beside = (rate: number) => `${percent(rate)} (${signed(rate - offline)} points)`
  process.stdout.write(`\n${clips} clips, ${words} words\n`)
  line('word error rate offline', percent(offline))
  line('  live, push-to-talk', beside(pushToTalk))
  line('  live, hands-free, turns joined', beside(handsFree))
  line('clips with other parts than pauses', miscounted.length === 0 ? 'none' : miscounted.join(', '))
  line('turns on nothing, hands-free', `${nonspeech.turns}; texts invented: ${nonspeech.invented.length}`)
}

function percent(rate: number): string {
  return `${rate.toFixed(2)} %`
}

function signed(points: number): string {
  return `${points < 0 ? '' : '+'}${points.toFixed(2)}`
}
