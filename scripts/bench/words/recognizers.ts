import { resolve } from 'node:path'
import { Command } from 'commander'
import { createFindSpeech } from '../../../server/hearing/speechSegments.ts'
import { createVoiceActivity } from '../../../server/hearing/voiceActivity.ts'
import { wordErrorRate } from '../../../server/lab/index.ts'
import { recognizeClip, type SpeechLevel, type Transcript } from '../../../server/recognition/recognizer.ts'
import { createSpeechRecognizer } from '../../../server/recognition/speechRecognizer.ts'
import { median, quantile } from '../../../server/shared/quantiles.ts'
import { createBenchEngines } from '../benchEngines.ts'
import { ownClips, readSpeechClips, type SpeechClip } from '../speechClips.ts'

/**
 * `npm run bench:recognizers`: speech levels side by side on the same clips, as turns decode them (silence cut off, empty texts
 * tried again). Levels take turns clip by clip in one run, so that ratios hold on a machine that has other things to do.
 */

/** Questions that are not longer are told apart: most of what is said to an assistant. */
const SHORT_MS = 3_000

type Options = { audio: string; speech: string; rounds: string }
type Heard = { clip: SpeechClip; texts: string[]; ms: number[]; passes: number[] }

await new Command('bench:recognizers')
  .option('--audio <dir>', 'clips with a manifest.json', ownClips)
  .option(
    '--speech <levels>',
    'speech model levels, comma-separated; ratios are to the first',
    'whisper-tiny.en-q8_0,moonshine-base.en-int8,moonshine-tiny.en-int8',
  )
  .option('--rounds <n>', 'how often each clip is timed', '5')
  .action(run)
  .parseAsync()

async function run({ audio, speech, rounds }: Options): Promise<void> {
  const { signal } = new AbortController()
  const names = speech.split(',')
  const engines = createBenchEngines(signal, names.length)
  const recognizer = createSpeechRecognizer({ acquire: engines.acquire })
  const findSpeech = createFindSpeech(await createVoiceActivity())
  try {
    const levels: SpeechLevel[] = []
    for (const name of names) levels.push(await engines.level(name))
    const clips = (await readSpeechClips(resolve(audio), findSpeech, signal)).filter(
      ({ kind }) => kind === 'speech',
    )
    const heard = new Map(
      names.map(name => [name, clips.map((clip): Heard => ({ clip, texts: [], ms: [], passes: [] }))]),
    )
    for (let round = 0; round <= Number(rounds); round++) {
      for (const [index, clip] of clips.entries()) {
        for (const level of rotated(levels, round + index)) {
          const startedAt = performance.now()
          const options = { model: level, language: 'en', owner: 'bench' }
          const transcript = await recognizeClip(recognizer, clip.samples, clip.found, options, signal)
          // The first round loads and warms.
          if (round > 0) note(heard.get(level.name)?.[index], transcript, performance.now() - startedAt)
        }
      }
    }
    const short = (one: Heard) => one.clip.found.speechMs <= SHORT_MS
    print(`${clips.length} clips, ${rounds} rounds; ms a clip, medians over rounds`)
    printTable(heard, () => true)
    print(`\nwith at most ${SHORT_MS / 1000} s of speech`)
    printTable(heard, short)
  } finally {
    await engines.stop()
  }
}

function note(one: Heard | undefined, { text, passes }: Transcript, ms: number): void {
  one?.texts.push(text)
  one?.ms.push(ms)
  one?.passes.push(passes)
}

function printTable(heard: Map<string, Heard[]>, counts: (one: Heard) => boolean): void {
  print(row(['level', 'clips', 'p50 ms', 'p95 ms', 'ratio', 'WER %', 'no text', 'passes > 1']))
  const [first = []] = heard.values()
  const msOf = (clips: Heard[]) => clips.filter(counts).map(({ ms }) => median(ms))
  const reference = msOf(first)
  for (const [name, all] of heard) {
    const clips = all.filter(counts)
    const ms = msOf(all)
    const ratios = ms.map((value, index) => value / (reference[index] ?? Number.NaN))
    const texts = clips.flatMap(({ clip, texts }) =>
      texts.map(hypothesis => ({ reference: clip.text, hypothesis })),
    )
    print(
      row([
        ...[name, `${clips.length}`, median(ms).toFixed(0)],
        (quantile(Float64Array.from(ms).sort(), 0.95) ?? Number.NaN).toFixed(0),
        ...[median(ratios).toFixed(2), wordErrorRate(texts).toFixed(2)],
        `${clips.filter(({ texts }) => texts.includes('')).length}`,
        `${clips.filter(({ passes }) => passes.some(count => count > 1)).length}`,
      ]),
    )
  }
}

function rotated<T>(values: readonly T[], by: number): T[] {
  const at = by % values.length
  return [...values.slice(at), ...values.slice(0, at)]
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function row(cells: string[]): string {
  return cells.map((cell, index) => (index === 0 ? cell.padEnd(26) : cell.padStart(11))).join('')
}
