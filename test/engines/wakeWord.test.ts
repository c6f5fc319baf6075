import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ownClips } from '../../scripts/bench/speechClips.ts'
import { atPcmRate, joinSamples, samplesIn } from '../../server/audio/pcm.ts'
import { readClip } from '../../server/audio/readClip.ts'
import { createFlite } from '../../server/engines/flite/flite.ts'
import { createHibari } from '../../server/engines/hibari/hibari.ts'
import type { SpeechEngines } from '../../server/engines/whisper/speechEngines.ts'
import { createLocalSpeechEngines } from '../../server/engines/whisper/whisperServers.ts'
import { createVoiceActivity } from '../../server/hearing/voiceActivity.ts'
import { STEP_SAMPLES } from '../../server/hearing/wakeWord/phraseScores.ts'
import { createWakeWords, type WakeWords } from '../../server/hearing/wakeWord/wakeWords.ts'
import { createSpeechRecognizer } from '../../server/recognition/speechRecognizer.ts'
import { realSpeechModel, realVoice, realWakeWord, realWhisper } from '../support/engines/realEngines.ts'
import { createLiveApp, type LiveApp, type LiveClient } from '../support/fakes/fakeLive.ts'
import { charactersWrong, HEARD_WELL } from '../support/hearing.ts'
import { quietLog } from '../support/quietLog.ts'

/** What engines may take on a machine that is busy. */
const ENGINES_MS = 60_000
const never = new AbortController().signal
const log = quietLog()
const fixtures = new URL('../fixtures/wakeWord/', import.meta.url)
const flite = createFlite({ log })
const hibari = createHibari(() => realVoice('hibari'), { log })
const words: WakeWords = createWakeWords(() => realWakeWord('hey-jarvis'), log)
beforeAll(() => words.load('hey-jarvis', never), 900_000)
afterAll(() => Promise.all([words.stop(), flite.stop(), hibari.stop()]))

const silence = (ms: number) => new Int16Array(samplesIn(ms))

/** The score after each 80 ms. */
async function scoresOf(...parts: Int16Array[]): Promise<number[]> {
  const samples = joinSamples(parts)
  const stream = words.open('hey-jarvis')
  const scores: number[] = []
  for (let at = 0; at + STEP_SAMPLES <= samples.length; at += STEP_SAMPLES)
    scores.push(await stream.push(samples.slice(at, at + STEP_SAMPLES)))
  stream.close()
  return scores
}

async function byHibari(text: string): Promise<Int16Array> {
  const parts: Int16Array[] = []
  for await (const spoken of hibari.speak(text, 'heart', never)) parts.push(atPcmRate(spoken))
  return joinSamples(parts)
}
const byFlite = async (text: string) => atPcmRate(await flite.speak(text, 'rms', never))

describe('the wake word', () => {
  test('has the scores of its own Python code', async () => {
    const { leadMs, tailMs, scores } = JSON.parse(readFileSync(new URL('scores.json', fixtures), 'utf8'))
    const { samples } = await readClip(
      new URL('hey-jarvis-what-time-is-it.wav', fixtures).pathname,
      60,
      never,
    )
    const ours = await scoresOf(silence(leadMs), samples, silence(tailMs))
    const since = ours.slice(leadMs / 80)
    expect(since).toHaveLength(scores.length)
    for (const [index, score] of since.entries()) expect(score).toBeCloseTo(scores[index], 3)
  })

  test('is heard of another voice, also as the first sound of all, and a name like it is not', async () => {
    expect(Math.max(...(await scoresOf(await byHibari('Hey Jarvis!'), silence(800))))).toBeGreaterThan(0.9)
    expect(Math.max(...(await scoresOf(await byHibari('Hey Harvey!'), silence(800))))).toBeLessThan(0.5)
  })

  test.each(readdirSync(ownClips).filter(file => file.endsWith('.wav')))('is not heard in %s', async file => {
    const { samples } = await readClip(join(ownClips, file), 60, never)
    expect(Math.max(...(await scoresOf(samples, silence(800))))).toBeLessThan(0.1)
  })

  test('of silence costs nothing, and what comes after it is heard', async () => {
    const scores = await scoresOf(silence(8000), await byHibari('Hey Jarvis!'), silence(800))
    expect(Math.max(...scores.slice(0, 100))).toBeLessThan(0.01)
    expect(Math.max(...scores)).toBeGreaterThan(0.9)
  })
})

describe('a session on the real models', () => {
  let engines: SpeechEngines
  let live: LiveApp
  beforeAll(async () => {
    const { serverPath, version } = await realWhisper()
    const level = { ...(await realSpeechModel('moonshine-base.en-int8')), quantization: 'int8' }
    engines = createLocalSpeechEngines({
      programs: () => Promise.resolve({ serverPath, version }),
      ...{ threads: 2, maxLoaded: 1, log },
    })
    live = await createLiveApp({ activity: await createVoiceActivity(), wakeWords: words })
    live.stages.recognizer = createSpeechRecognizer({ acquire: engines.acquire })
    live.stages.speechLevel = async () => level
    await live.stages.recognizer.load(level, 'test', never)
  }, 900_000)
  afterAll(async () => {
    await live?.app.close()
    await engines?.stop()
  })

  async function hearInWakeWordMode(say: (text: string) => Promise<Int16Array>, text: string) {
    const client = await live.connect({ mode: 'wake-word', voice: 'none', language: 'en' })
    const before = await say('This is said to somebody else.')
    play(client, joinSamples([silence(400), before, silence(600), await say(text), silence(1500)]))
    expect(await client.next('wake.detected', ENGINES_MS)).toMatchObject({ phrase: 'hey-jarvis' })
    const final = await client.next('transcript.final', ENGINES_MS)
    expect((await client.next('turn.done', ENGINES_MS)).outcome).toBe('completed')
    expect(client.types().filter(type => type === 'speech.started')).toHaveLength(1)
    client.leave()
    return final.text
  }

  test.each([
    ['Hey Jarvis, what time is it?', 'What time is it?'],
    ['Hey Jarvis set a timer for seven minutes.', 'Set a timer for seven minutes.'],
  ])('understands what is asked in one breath with it, and nothing before: %s', async (text, asked) => {
    const heard = await hearInWakeWordMode(byHibari, text)
    expect(charactersWrong(asked, heard)).toBeLessThan(HEARD_WELL)
    expect(heard).not.toMatch(/jarvis/i)
  })

  test('loses no word of what another voice asks, whose "Jarvis" may be heard as something else', async () => {
    const heard = await hearInWakeWordMode(byFlite, 'Hey Jarvis, how far is the moon?')
    expect(heard).toMatch(/how far is the moon/i)
  })
})

/** All at once, in frames of 20 ms. */
function play(client: LiveClient, samples: Int16Array): void {
  const step = samplesIn(20)
  for (let at = 0; at < samples.length; at += step)
    client.socket.send(Buffer.from(samples.slice(at, at + step).buffer))
}
