import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runSpeechBench, type SpeechBenchLevel } from '../../scripts/bench/speech.ts'
import { readSpeechClips, type SpeechClip } from '../../scripts/bench/speechClips.ts'
import { atPcmRate, joinSamples } from '../../server/audio/pcm.ts'
import { createFlite } from '../../server/engines/flite/flite.ts'
import type { SpeechEngines } from '../../server/engines/whisper/speechEngines.ts'
import { createLocalSpeechEngines } from '../../server/engines/whisper/whisperServers.ts'
import { createFindSpeech, type FindSpeech } from '../../server/hearing/speechSegments.ts'
import { createVoiceActivity } from '../../server/hearing/voiceActivity.ts'
import { comparedWords, wordErrorRate } from '../../server/lab/index.ts'
import { recognizeClip, type SpeechLevel } from '../../server/recognition/recognizer.ts'
import { createSpeechRecognizer } from '../../server/recognition/speechRecognizer.ts'
import { createWhisperDecode } from '../../server/recognition/whisper/decode.ts'
import { realSpeechModel, realWhisper } from '../support/engines/realEngines.ts'
import { charactersWrong, HEARD_WELL } from '../support/hearing.ts'
import { quietLog } from '../support/quietLog.ts'

const directory = new URL('../fixtures/speech', import.meta.url).pathname
const never = new AbortController().signal
const flite = createFlite({ log: quietLog() })
let engines: SpeechEngines
let level: SpeechLevel
let findSpeech: FindSpeech
let clips: SpeechClip[]

beforeAll(async () => {
  const { serverPath, version } = await realWhisper()
  const { path } = await realSpeechModel('whisper-tiny.en-q8_0')
  level = { name: 'whisper-tiny.en-q8_0', path, digest: 'of the test', quantization: 'q8_0' }
  engines = createLocalSpeechEngines({
    programs: () => Promise.resolve({ serverPath, version }),
    threads: 2,
    maxLoaded: 1,
    log: quietLog(),
  })
  findSpeech = createFindSpeech(await createVoiceActivity())
  clips = await readSpeechClips(directory, findSpeech, never)
}, 900_000)

afterAll(async () => {
  await Promise.all([engines?.stop(), flite.stop()])
})

const options = () => ({ model: level, language: 'en', owner: 'test' })
const recognize = async (samples: Int16Array, signal = never) => {
  const recognizer = createSpeechRecognizer({ acquire: engines.acquire })
  return await recognizeClip(recognizer, samples, await findSpeech(samples, never), options(), signal)
}

const named = (file: string) => {
  const clip = clips.find(({ file: name }) => name === file)
  if (clip === undefined) throw new Error(`no clip ${file}`)
  return clip
}

describe('the recognizer on a real whisper-server', () => {
  test('writes down what is said', async () => {
    const transcript = await recognize(named('azure-weather.wav').samples)
    expect(charactersWrong(named('azure-weather.wav').text, transcript.text)).toBeLessThan(HEARD_WELL)
    expect(transcript).toMatchObject({ passes: 1, audioContext: 768 })
  })

  test('loses no word of a clip over 30 s, and none twice', async () => {
    const parts = [
      'jfk-inaugural.wav',
      'azure-katie-steve-1.wav',
      'assistant-grapefruit.wav',
      'jfk-inaugural.wav',
      'azure-weather.wav',
    ]
    const pause = new Int16Array(8000)
    const samples = joinSamples(parts.flatMap(file => [named(file).samples, pause]))
    const transcript = await recognize(samples)
    expect(samples.length / 16_000).toBeGreaterThan(30)
    expect(transcript.segments.length).toBeGreaterThan(1)
    const reference = parts.map(file => named(file).text).join(' ')
    // One by one these clips have a word or two wrong; a lost or doubled phrase would be far more.
    expect(wordErrorRate([{ reference, hypothesis: transcript.text }])).toBeLessThan(8)
  })

  test.each(['Thank you.', 'Yes.', 'Stop.'])('lets through what is really said: %s', async said => {
    const spoken = atPcmRate(await flite.speak(said, 'slt', never))
    const quiet = new Int16Array(8000)
    expect(comparedWords((await recognize(joinSamples([quiet, spoken, quiet]))).text)).toEqual(
      comparedWords(said),
    )
  })

  test('lets nothing through that it makes up on noise, even if the noise passed for speech', async () => {
    const { samples } = named('nonspeech-pink-noise.wav')
    const taken = { segments: [{ startMs: 1000, endMs: 4000 }], speechMs: 3000 }
    const decode = createWhisperDecode({ acquire: engines.acquire })
    const transcript = await decode({ samples, speech: taken }, options(), never)
    expect(transcript.text).toBe('')
    expect(transcript.meanLogProbability).not.toBeNull()
  })

  test('an abort frees the server for the next one', async () => {
    const short = named('azure-weather.wav').samples
    const long = joinSamples(Array.from({ length: 2 }, () => named('jfk-inaugural.wav').samples))
    const timed = async (samples: Int16Array) => {
      const started = performance.now()
      await recognize(samples)
      return performance.now() - started
    }
    const [shortMs, longMs] = [await timed(short), await timed(long)]
    const controller = new AbortController()
    const recognizing = recognize(long, controller.signal)
    setTimeout(() => controller.abort(new Error('gone')), longMs / 4)
    await expect(recognizing).rejects.toThrow('gone')
    // The server works on one request at a time: were it still at the long one, this would wait for most of it.
    expect(await timed(short)).toBeLessThan(shortMs + longMs * 0.6)
  })

  test('the short window costs less, loops nowhere and hears as well as the full one', async () => {
    const [result] = (await runSpeechBench({
      directory,
      levels: [level],
      rounds: 1,
      acquire: (model, signal) => engines.acquire(model, 'bench', signal),
      signal: never,
      print: () => {},
    })) as [SpeechBenchLevel]
    expect(result.clips).toBe(JSON.parse(readFileSync(`${directory}/manifest.json`, 'utf8')).length - 1)
    expect(result.ours.loops).toEqual([])
    expect(result.ours.wordErrorRate).toBeLessThanOrEqual(result.full.wordErrorRate + 3)
    expect(result.medianRatio).toBeLessThan(0.8)
    expect(result.invented.ours).toEqual([])
  })
})
