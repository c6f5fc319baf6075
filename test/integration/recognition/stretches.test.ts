import { afterEach, describe, expect, test } from 'vitest'
import { samplesIn } from '../../../server/audio/pcm.ts'
import { recognizeClip } from '../../../server/recognition/recognizer.ts'
import { createSpeechRecognizer } from '../../../server/recognition/speechRecognizer.ts'
import { startFakeMoonshine } from '../../support/engines/fakeMoonshine.ts'
import { type ScriptedAnswer, startFakeWhisper } from '../../support/engines/fakeWhisper.ts'

const never = new AbortController().signal
const level = (name: string) => ({ name, path: '/nowhere', digest: null, quantization: 'q8_0' })
const whisperLevel = level('whisper-tiny.en-q8_0')

/** Three stretches of 8 s, apart by as much. */
const segments = [0, 16, 32].map(second => ({ startMs: second * 1000, endMs: second * 1000 + 8000 }))
const samples = new Int16Array(samplesIn(40_000))
const find = async () => ({ segments, speechMs: 24_000 })

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

type Engine = { baseUrl: string; stop(): Promise<void>; requests: readonly unknown[] }

/** Hears the clip; `told` has each stretch with how often any engine had been asked by then; `ending` is asked first, and ends at it. */
async function hear(name: string, engines: { moonshine?: Engine; whisper?: Engine }, ending?: Engine) {
  const { moonshine, whisper } = engines
  const all = [moonshine, whisper].filter(engine => engine !== undefined)
  ends.push(...all.map(({ stop }) => stop))
  let first = ending
  const recognizer = createSpeechRecognizer({
    async acquire(model) {
      const engine = model.name === whisperLevel.name ? whisper : moonshine
      const baseUrl = (first ?? engine)?.baseUrl ?? ''
      first = undefined
      return {
        ...{ baseUrl, queueMs: 0, cold: false, loadMs: null, engine: 'fake' },
        host: null,
        explain: async error => error,
        release: () => {},
      }
    },
    secondOpinion: async () => (whisper ? whisperLevel : null),
  })
  const told: [string, number][] = []
  const onStretch = (text: string) => {
    told.push([text, all.reduce((sum, { requests }) => sum + requests.length, 0)])
    void ending?.stop()
  }
  const options = { model: level(name), language: 'en', owner: 'test', onStretch }
  const { text } = await recognizeClip(recognizer, samples, find, options, never)
  return { text, told }
}

const says = (...texts: string[]) => startFakeWhisper(...texts.map((text): ScriptedAnswer => ({ text })))

describe('the stretches of a long clip', () => {
  test('are told by Whisper each as soon as it is decoded', async () => {
    const whisper = await says(' One.', ' Two.', ' Three.')
    expect(await hear(whisperLevel.name, { whisper })).toEqual({
      text: 'One. Two. Three.',
      told: [
        ['One.', 1],
        ['Two.', 2],
        ['Three.', 3],
      ],
    })
  })

  test('are not told where nothing was said in them', async () => {
    const whisper = await says(' One.', ' ...', ' Three.')
    const { told } = await hear(whisperLevel.name, { whisper })
    expect(told.map(([text]) => text)).toEqual(['One.', 'Three.'])
  })

  test('are told by Moonshine up to one that somebody else is asked about, which keeps its place', async () => {
    // What it makes nothing of it hears twice.
    const [moonshine, whisper] = await Promise.all([
      startFakeMoonshine(['One.', '', '', 'Three.']),
      says(' Two by Whisper.'),
    ])
    expect(await hear('moonshine-base.en-int8', { moonshine, whisper })).toEqual({
      text: 'One. Two by Whisper. Three.',
      told: [
        ['One.', 1],
        ['Two by Whisper.', 5],
        ['Three.', 5],
      ],
    })
  })

  test('are told once where the engine ends between two of them, and another one hears all', async () => {
    const [ending, whisper] = await Promise.all([says(' One.'), says(' One.', ' Two.', ' Three.')])
    ends.push(ending.stop)
    const { told, text } = await hear(whisperLevel.name, { whisper }, ending)
    expect(text).toBe('One. Two. Three.')
    expect(told.map(([text]) => text)).toEqual(['One.', 'Two.', 'Three.'])
    expect([ending.requests.length, whisper.requests.length]).toEqual([1, 3])
  })
})
