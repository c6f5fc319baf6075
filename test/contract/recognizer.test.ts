import { QuantvoxError } from '../../server/errors.ts'
import { startFakeMoonshine } from '../support/engines/fakeMoonshine.ts'
import { startFakeWhisper } from '../support/engines/fakeWhisper.ts'
import { whisperScene } from '../support/engines/whisperScene.ts'
import { createFakeRecognizer, type RecognizerScript } from '../support/fakes/fakeRecognizer.ts'
import { type RecognizerScene, recognizerContract } from './recognizer.ts'

const model = { name: 'whisper-tiny.en-q8_0', path: '/nowhere', digest: null, quantization: 'q8_0' }
/** Speech from 0.5 s to 2.5 s of 3 s. */
const clip = {
  samples: Int16Array.from({ length: 48_000 }, (_, index) => index % 1000),
  speech: { segments: [{ startMs: 500, endMs: 2500 }], speechMs: 2000 },
}

recognizerContract('the scripted recognizer', async (): Promise<RecognizerScene> => {
  const script: RecognizerScript = {
    transcript: 'What is the time?',
    isUnclear: false,
    language: 'en',
    recognizeMs: 40,
    recognizeError: null,
  }
  let [asked, busy] = [0, 0]
  const recognizer = createFakeRecognizer(script, async (_name, _signal, work) => {
    asked++
    busy++
    return await work().finally(() => busy--)
  })
  const breakDown = () => {
    script.recognizeError = new QuantvoxError('engine_failed', 'The speech engine broke off.')
    return 'engine_failed'
  }
  return {
    ...{ recognizer, model, ...clip, break: breakDown, close: async () => {} },
    engine: { asked: () => asked, busy: () => busy },
  }
})

recognizerContract('the whisper adapter', async (): Promise<RecognizerScene> => {
  const whisper = await startFakeWhisper({ text: ' What is the time?', delayMs: 40 })
  const place = { baseUrl: whisper.baseUrl, queueMs: 0, cold: false, loadMs: null, engine: 'scripted' }
  const scene = whisperScene(async (_model, _owner, signal) => {
    signal.throwIfAborted()
    return { ...place, host: null, explain: async error => error, release() {} }
  })
  return { ...scene, model, ...clip, close: whisper.stop }
})

recognizerContract('the moonshine adapter', async (): Promise<RecognizerScene> => {
  const moonshine = await startFakeMoonshine(['What is the time?'], { delayMs: 40 })
  const place = { baseUrl: moonshine.baseUrl, queueMs: 0, cold: false, loadMs: null, engine: 'scripted' }
  const scene = whisperScene(async (_model, _owner, signal) => {
    signal.throwIfAborted()
    return { ...place, host: null, explain: async error => error, release() {} }
  })
  const level = { name: 'moonshine-base.en-int8', path: '/nowhere', digest: null, quantization: 'int8' }
  return { ...scene, model: level, ...clip, close: moonshine.stop }
})
