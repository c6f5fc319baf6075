import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Compile } from 'typebox/schema'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readClips } from '../../../server/lab/measuring/clips.ts'
import { MyVoice, MyVoiceHeard } from '../../../server/protocol/myVoice.ts'
import { fakeSpeechModel } from '../../support/fakes/fakeStages.ts'
import { clip, form } from '../../support/http.ts'
import { startTestApp, type TestApp } from '../../support/testApp.ts'

const LEVEL = 'whisper-tiny.en-q8_0'
const SAID = 'She bought three lemons, a loaf of bread and some butter.'

let dataDir: string
let server: TestApp

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'quantvox-my-voice-'))
  server = await startTestApp({
    script: { transcript: 'She bought free lemons, a loaf of bread and some butter.', recognizeMs: 5 },
    settings: { DATA_DIR: dataDir },
    dependencies: {
      speechModels: async () => [
        fakeSpeechModel('q8_0', 43e6, true),
        { ...fakeSpeechModel('q4_0', 25e6, false), installed: false },
      ],
    },
  })
})
afterEach(() => rm(dataDir, { recursive: true, force: true }))

async function post(
  path: string,
  fields: Record<string, string>,
  audio: Uint8Array<ArrayBuffer> | null = clip(),
) {
  const parts = Object.entries(fields) as [string, string | Uint8Array<ArrayBuffer>][]
  const upload = await form(...parts, ...(audio === null ? [] : [['audio', audio] as [string, typeof audio]]))
  return server.app.inject({ method: 'POST', url: path, ...upload })
}
const hear = (fields: Record<string, string>, audio?: Uint8Array<ArrayBuffer> | null) =>
  post('/v1/my-voice/hear', { sentence: 'shopping', speechModel: LEVEL, ...fields }, audio)
const kept = async (): Promise<string[]> => (await server.app.inject('/v1/my-voice')).json().kept
const mine = () =>
  readClips('mine', { stages: server.stages, dataDir, audioDirs: [] }, new AbortController().signal)

test('there are five sentences to read, and nothing is kept before somebody asks for it', async () => {
  const answer = (await server.app.inject('/v1/my-voice')).json()
  expect(Compile(MyVoice).Errors(answer)[1]).toEqual([])
  expect([answer.sentences.length, answer.kept]).toEqual([5, []])
  expect(answer.sentences.map(({ text }: { text: string }) => text)).toContain(SAID)
})

describe('a sentence read aloud', () => {
  test('is heard by a level, its words counted against what stands there, and nothing of it is left', async () => {
    const response = await hear({})
    expect(Compile(MyVoiceHeard).Errors(response.json())[1]).toEqual([])
    expect(response.json()).toMatchObject({
      ...{ sentence: 'shopping', speechModel: LEVEL, words: 11, wordErrors: 1 },
      transcript: 'She bought free lemons, a loaf of bread and some butter.',
    })
    expect(await kept()).toEqual([])
    expect((await server.app.inject('/v1/turns')).json().items).toEqual([])
    expect(await readdir(dataDir).catch(() => [])).not.toContain('my-voice')
  })

  test.each([
    ['a sentence that there is not', { sentence: 'other' }, 400, 'invalid_request', /"other"/],
    ['a level that is not here', { speechModel: 'whisper-tiny.en-q4_0' }, 404, 'model_not_found', /q4_0/],
  ] as const)('with %s is refused', async (_what, fields, status, code, detail) => {
    const response = await hear(fields)
    expect([response.statusCode, response.json().code]).toEqual([status, code])
    expect(response.json().detail).toMatch(detail)
    expect(server.calls).toEqual([])
  })

  test('in which nothing is said is told, and is no error of the level', async () => {
    server.script.speechMs = 0
    const response = await hear({})
    expect(response.json()).toMatchObject({ code: 'audio_invalid', mend: expect.stringMatching(/again/) })
  })

  test('without its sound is refused', async () => {
    const response = await hear({}, null)
    expect([response.statusCode, response.json().code]).toEqual([400, 'invalid_request'])
  })
})

describe('recordings that are kept', () => {
  test('are what a comparison hears as "mine", with their words, and can be forgotten', async () => {
    await expect(mine()).rejects.toMatchObject({ code: 'not_found', mend: expect.stringMatching(/My voice/) })
    for (const sentence of ['shopping', 'egg', 'shopping'])
      expect((await post('/v1/my-voice', { sentence })).statusCode).toBe(204)
    expect(await kept()).toEqual(['shopping', 'egg'])
    const { clips, language, from } = await mine()
    expect([language, from]).toEqual(['en', expect.stringMatching(/read aloud/)])
    expect(clips.map(({ id, text, kind }) => [id, text, kind])).toEqual([
      ['shopping.wav', SAID, 'speech'],
      ['egg.wav', 'How long should I boil an egg so that it is soft in the middle?', 'speech'],
    ])
    expect((await server.app.inject({ method: 'DELETE', url: '/v1/my-voice' })).statusCode).toBe(204)
    expect(await kept()).toEqual([])
    expect(await readdir(dataDir)).not.toContain('my-voice')
    await expect(mine()).rejects.toMatchObject({ code: 'not_found' })
  })
})
