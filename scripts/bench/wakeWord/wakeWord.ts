import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { joinSamples, PCM_SAMPLE_RATE } from '../../../server/audio/pcm.ts'
import { readClip } from '../../../server/audio/readClip.ts'
import { loadConfig } from '../../../server/config.ts'
import {
  createWakeModels,
  type PhraseScores,
  STEP_SAMPLES,
} from '../../../server/hearing/wakeWord/phraseScores.ts'
import { wakeFiles } from '../../../server/setup/index.ts'
import { ownClips } from '../speechClips.ts'
import { soundWithout } from './sound.ts'

/**
 * `npm run bench:wakeword`: how often a wake word is heard that nobody said: in clips by themselves, and in speech and noise that is
 * made of them; and what a step of 80 ms takes of the processor.
 */
/** Files of what is no speech, in the folders of clips that the project has. */
const NOISE = /nonspeech[^/]*$/
const labClips = resolve(import.meta.dirname, '../../../server/lab/clips')

await new Command('bench:wakeword')
  .argument('[folders...]', 'with clips in which nobody says it', [labClips, ownClips])
  .option('--minutes <n>', 'of speech and noise made of them', '5')
  .option('--from <n>', 'the first of these minutes', '0')
  .option('--crosstalk', 'two people at once, in place of one over noise')
  .option('--word <name>', 'wake word; one that is here', 'hey-jarvis')
  .option('--threshold <score>', 'from which on it counts as said', '0.5')
  .action(run)
  .parseAsync()

type Options = { minutes: string; from: string; crosstalk?: true; word: string; threshold: string }

async function run(folders: string[], options: Options) {
  const { signal } = new AbortController()
  const { config } = loadConfig()
  const context = { cacheDir: config.CACHE_DIR, signal, onProgress: () => {} }
  const files = await wakeFiles(options.word, config.WAKE_DIR, context)
  const open = createWakeModels()
  let steps = 0
  const threshold = Number(options.threshold)

  async function hear(scores: PhraseScores, samples: Int16Array): Promise<number> {
    let most = 0
    for (let at = 0; at + STEP_SAMPLES <= samples.length; at += STEP_SAMPLES) {
      most = Math.max(most, await scores.push(samples.subarray(at, at + STEP_SAMPLES)))
      steps++
    }
    return most
  }

  const paths = await Promise.all(
    folders.map(async folder => {
      const names = (await readdir(folder)).filter(name => name.endsWith('.wav'))
      return names.toSorted().map(name => join(folder, name))
    }),
  )
  const names = paths.flat()
  const clips = await Promise.all(names.map(path => readClip(path, 600, signal)))
  const silence = new Int16Array(PCM_SAMPLE_RATE)
  const before = process.cpuUsage()
  const alone: number[] = []
  for (const { samples } of clips) alone.push(await hear(await open(files), joinSamples([samples, silence])))
  tell(`${clips.length} clips by themselves`, alone, threshold)

  const stream = await open(files)
  const made: number[] = []
  const kind = (isNoise: boolean) =>
    clips.filter((_clip, index) => isNoise === NOISE.test(names[index] ?? '')).map(({ samples }) => samples)
  const sounds = { speech: kind(false), noise: kind(true), isCrosstalk: options.crosstalk === true }
  const from = Number(options.from)
  for (let minute = from; minute < from + Number(options.minutes); minute++)
    made.push(await hear(stream, soundWithout(sounds, minute)))
  tell(`${options.minutes} minutes of speech and noise made of them`, made, threshold)

  const { user, system } = process.cpuUsage(before)
  const stepMs = (user + system) / 1000 / steps
  console.log(
    `a step of 80 ms: ${stepMs.toFixed(2)} ms of processor time (mean of ${steps}, the making of sounds included)`,
  )
}

function tell(what: string, scores: readonly number[], threshold: number): void {
  const woken = scores.filter(score => score >= threshold).length
  console.log(`${what}: woken in ${woken}; highest score ${Math.max(...scores).toFixed(3)}`)
}
