import { resolve } from 'node:path'
import { Command } from 'commander'
import type { Utterance } from '../../server/audio/utterance.ts'
import { createFindSpeech } from '../../server/hearing/speechSegments.ts'
import { createVoiceActivity } from '../../server/hearing/voiceActivity.ts'
import { wordErrorRate } from '../../server/lab/index.ts'
import { recognizeClip } from '../../server/recognition/recognizer.ts'
import { createSpeechRecognizer } from '../../server/recognition/speechRecognizer.ts'
import { createBenchEngines } from './benchEngines.ts'
import { hearQuiet, LOUD_DB, levelsHeard, QUIET_DB } from './quiet/quietSpeech.ts'
import { ownClips, readSpeechClips } from './speechClips.ts'

/**
 * `npm run bench:quiet`: what of a quiet question a session hears that heard a loud one before: where its turn begins, and its
 * words; and whether what is no speech begins a turn at any level. As a live session hears them, but as fast as it can be done.
 */

const MOST_LATE_MS = 150

type Way = 'loud' | 'quiet' | 'behindLoud'
type Heard = { reference: string; hypothesis: string }

await new Command('bench:quiet')
  .option('--audio <dir>', 'clips with a manifest.json', ownClips)
  .option('--speech <level>', 'speech model level', 'whisper-tiny.en-q8_0')
  .action(run)
  .parseAsync()

async function run(options: { audio: string; speech: string }): Promise<void> {
  const { signal } = new AbortController()
  const activity = await createVoiceActivity()
  const clips = await readSpeechClips(resolve(options.audio), createFindSpeech(activity), signal)
  const spoken = clips.filter(({ kind }) => kind === 'speech')
  const engines = createBenchEngines(signal)
  const model = await engines.level(options.speech)
  const recognizer = createSpeechRecognizer({ acquire: engines.acquire })
  const textOf = async (utterances: readonly Utterance[]) => {
    const texts: string[] = []
    for (const { samples, segments, speechMs } of utterances) {
      const asked = { model, language: 'en', owner: 'bench' }
      texts.push((await recognizeClip(recognizer, samples, { segments, speechMs }, asked, signal)).text)
    }
    return texts.join(' ')
  }

  const ways = { loud: [], quiet: [], behindLoud: [] } as Record<Way, Heard[]>
  let late = 0
  try {
    for (const [index, clip] of spoken.entries()) {
      const heard = await hearQuiet(activity, clip, spoken[(index + 1) % spoken.length] ?? clip)
      if (heard.lateMs > MOST_LATE_MS) late++
      for (const way of Object.keys(ways) as Way[])
        ways[way].push({ reference: clip.text, hypothesis: await textOf(heard[way]) })
      print(`${clip.file.padEnd(36)} begins ${Math.round(heard.lateMs)} ms later`)
    }
    for (const clip of clips.filter(({ kind }) => kind === 'nonspeech')) {
      const heard = await levelsHeard(activity, clip, spoken[0] ?? clip)
      print(
        `${clip.file.padEnd(36)} ${heard.length === 0 ? 'begins nothing' : `begins a turn at ${heard.join(', ')}`}`,
      )
    }
  } finally {
    await engines.stop()
  }
  const rate = (way: Way) => `${wordErrorRate(ways[way]).toFixed(2)} %`
  print(`\n${spoken.length} clips, ${late} of them more than ${MOST_LATE_MS} ms late`)
  print(
    `word errors at ${LOUD_DB} dBFS alone ${rate('loud')}, at ${QUIET_DB} alone ${rate('quiet')}, at ${QUIET_DB} behind ${LOUD_DB} ${rate('behindLoud')}`,
  )
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
