import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectLive, type LiveClient } from '../../scripts/bench/liveClient.ts'
import { readSpeechClips } from '../../scripts/bench/speechClips.ts'
import {
  type ClipHeard,
  hearClips,
  joinedText,
  type WordFigures,
  wordFigures,
} from '../../scripts/bench/words/wordFigures.ts'
import { createFindSpeech } from '../../server/hearing/speechSegments.ts'
import { createVoiceActivity } from '../../server/hearing/voiceActivity.ts'
import { comparedWords } from '../../server/lab/index.ts'
import { charactersWrong, HEARD_WELL } from '../support/hearing.ts'
import { type LiveServer, startLiveServer } from '../support/liveServer.ts'

const directory = resolve(import.meta.dirname, '../fixtures/speech')
const SPEECH_MODEL = 'whisper-tiny.en-q8_0'

let server: LiveServer
beforeAll(async () => {
  server = await startLiveServer({ SPEECH_MODEL, VOICE: 'none', TEMPERATURE: '0' })
})
afterAll(() => server.stop())

describe('the words of the clips, live beside offline', () => {
  let heard: ClipHeard[]
  let figures: WordFigures

  beforeAll(async () => {
    const findSpeech = createFindSpeech(await createVoiceActivity())
    const clips = await readSpeechClips(directory, findSpeech, new AbortController().signal)
    heard = await hearClips(clips, { url: server.url, speechModel: SPEECH_MODEL, silenceMs: 500, speed: 1.8 })
    figures = wordFigures(heard)
  })

  const named = (file: string) => {
    const clip = heard.find(({ file: name }) => name === file)
    if (clip === undefined) throw new Error(`no clip ${file}`)
    return clip
  }

  // One word of these clips is 1.75 points, and whisper.cpp is not the same from run to run; the bench has the finer figure.
  test('push-to-talk hears no more than a word worse than what is heard offline', () => {
    expect(figures.offline).toBeLessThan(15)
    expect(figures.pushToTalk).toBeLessThanOrEqual(figures.offline + 2)
  })

  test('hands-free hears as many parts of a clip as its pauses say, be they turns or what goes on', () => {
    expect(named('azure-katie-steve-1.wav').expectedParts).toBeGreaterThan(1)
    expect(figures.miscounted).toEqual([])
  })

  test('the turns of a clip, joined, are what was said in it', () => {
    const { handsFree, reference } = named('azure-katie-steve-1.wav')
    expect(charactersWrong(reference, joinedText(handsFree))).toBeLessThan(HEARD_WELL)
    expect(figures.handsFree).toBeLessThan(15)
  })

  test('noise says nothing', () => {
    const { pushToTalk, handsFree } = named('nonspeech-pink-noise.wav')
    expect(pushToTalk.map(({ outcome }) => outcome)).toEqual(['no-speech'])
    expect(handsFree.filter(({ outcome }) => outcome !== 'no-speech')).toEqual([])
    expect(figures.nonspeech.invented).toEqual([])
  })
})

describe('a conversation', () => {
  test('goes on: the second question is asked with the first and its answer before it', async () => {
    const first = 'My dog is called Rex. Say hello to him.'
    const second = 'What is my dog called?'
    const client = await open()
    const introduction = await ask(client, first)
    const inContext = await ask(client, second)
    client.close()
    const stranger = await open()
    const outOfContext = await ask(stranger, second)
    stranger.close()

    expect(introduction.outcome).toBe('completed')
    expect(inContext.conversationId).toBe(introduction.conversationId)
    expect(outOfContext.conversationId).not.toBe(introduction.conversationId)
    const before = comparedWords(`${first} ${introduction.reply}`).length
    // A word is at least a token.
    expect(inContext.promptTokens - outOfContext.promptTokens).toBeGreaterThanOrEqual(before)
    // At temperature 0 it is what was said before that makes the difference.
    expect(inContext.reply).not.toBe(outOfContext.reply)
  })
})

const open = (): Promise<LiveClient> => connectLive(server.url, { mode: 'push-to-talk' })

async function ask(client: LiveClient, text: string) {
  const answered = client.next('reply.done')
  const done = client.next('turn.done')
  client.send({ type: 'text', text })
  const { text: reply } = await answered
  const { outcome, timings } = await done
  return {
    ...{ reply, outcome, conversationId: timings.conversationId },
    promptTokens: timings.llm.promptTokens ?? Number.NaN,
  }
}
