import { afterAll, beforeAll } from 'vitest'
import { readClip } from '../../server/audio/readClip.ts'
import type { SpeechEngines } from '../../server/engines/whisper/speechEngines.ts'
import { createLocalSpeechEngines } from '../../server/engines/whisper/whisperServers.ts'
import { createFindSpeech } from '../../server/hearing/speechSegments.ts'
import { createVoiceActivity } from '../../server/hearing/voiceActivity.ts'
import type { SpeechLevel } from '../../server/recognition/recognizer.ts'
import { type RecognizerScene, recognizerContract } from '../contract/recognizer.ts'
import { realSpeechModel, realWhisper } from '../support/engines/realEngines.ts'
import { whisperScene } from '../support/engines/whisperScene.ts'
import { quietLog } from '../support/quietLog.ts'

const dialogue = new URL('../fixtures/speech/azure-katie-steve-1.wav', import.meta.url).pathname
const never = new AbortController().signal
let engines: SpeechEngines
let heard: Pick<RecognizerScene, 'samples' | 'speech'>
let whisperLevel: SpeechLevel
let moonshineLevel: SpeechLevel

beforeAll(async () => {
  const { serverPath, version } = await realWhisper()
  const { path } = await realSpeechModel('whisper-tiny.en-q8_0')
  engines = createLocalSpeechEngines({
    programs: () => Promise.resolve({ serverPath, version }),
    threads: 2,
    maxLoaded: 2,
    log: quietLog(),
  })
  const moonshine = await realSpeechModel('moonshine-tiny.en-int8')
  const { samples } = await readClip(dialogue, 60, never)
  const speech = await createFindSpeech(await createVoiceActivity())(samples, never)
  heard = { samples, speech }
  whisperLevel = { name: 'whisper-tiny.en-q8_0', path, digest: null, quantization: 'q8_0' }
  moonshineLevel = { name: moonshine.name, path: moonshine.path, digest: null, quantization: 'int8' }
}, 900_000)

afterAll(() => engines?.stop())

const scene = (level: () => SpeechLevel) => async () => ({
  ...whisperScene((model, owner, signal) => engines.acquire(model, owner, signal)),
  ...{ ...heard, model: level() },
  close: async () => {},
})

recognizerContract(
  'the whisper adapter on a real whisper-server',
  scene(() => whisperLevel),
)
recognizerContract(
  'the moonshine adapter on a real engine',
  scene(() => moonshineLevel),
)
