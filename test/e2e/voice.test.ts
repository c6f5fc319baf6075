import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectLive, type LiveClient } from '../../scripts/bench/liveClient.ts'
import { joinSamples, samplesIn } from '../../server/audio/pcm.ts'
import { readClip } from '../../server/audio/readClip.ts'
import type { StoredTurn } from '../../server/protocol/record.ts'
import type { Start } from '../../server/protocol/socketClient.ts'
import { charactersWrong, HEARD_WELL } from '../support/hearing.ts'
import { clip, type LiveServer, startLiveServer } from '../support/liveServer.ts'

let server: LiveServer
beforeAll(async () => {
  server = await startLiveServer()
})
afterAll(() => server.stop())

const open = (mode: Start['mode']): Promise<LiveClient> => connectLive(server.url, { mode })

async function samplesOf(name: string): Promise<Int16Array> {
  const { samples } = await readClip(clip(name), 60, new AbortController().signal)
  return joinSamples([new Int16Array(samplesIn(300)), samples])
}

/** Says a clip and stops the reply once it began to be spoken. */
async function ask(client: LiveClient, name: string) {
  const done = client.next('turn.done')
  const final = client.next('transcript.final')
  void client.next('audio.started').then(
    () => client.send({ type: 'interrupt' }),
    () => {},
  )
  await client.play(await samplesOf(name), done)
  return { text: (await final).text, done: await done }
}

async function stored(turnId: string): Promise<StoredTurn> {
  const answer = await fetch(`${server.url}/v1/turns/${turnId}`)
  return (await answer.json()) as StoredTurn
}

describe('a live session on real engines', () => {
  test('hears two spoken questions, answers each aloud, and records where the time went', async () => {
    const client = await open('hands-free')
    const first = await ask(client, 'azure-weather')
    expect(charactersWrong("What's the weather like?", first.text)).toBeLessThan(HEARD_WELL)
    const second = await ask(client, 'assistant-grapefruit')
    expect(charactersWrong('How do you say grapefruit in French?', second.text)).toBeLessThan(HEARD_WELL)
    client.close()
    for (const { done } of [first, second]) {
      const { fromSpeechEnd, speech } = done.timings
      expect(done.outcome).toBe('interrupted')
      expect(speech.earlyDecode).toBe('used')
      expect(fromSpeechEnd.turnDecidedMs).toBeGreaterThanOrEqual(310)
      expect(fromSpeechEnd.firstAudioMs).toBeGreaterThan(
        fromSpeechEnd.firstTokenMs ?? Number.POSITIVE_INFINITY,
      )
      expect(await stored(done.turnId)).toMatchObject({ source: 'socket', outcome: 'interrupted' })
    }
  })

  test('has the answer at hand when the silence that ends a turn is over', async () => {
    const client = await open('push-to-talk')
    client.send({ type: 'begin' })
    // Long enough for an early transcript and a first token on a busy machine.
    const held = new Promise<void>(resolve => setTimeout(resolve, 15_000))
    await client.play(await samplesOf('azure-weather'), held)
    const done = client.next('turn.done')
    client.send({ type: 'commit' })
    await client.next('reply.delta')
    client.send({ type: 'interrupt' })
    const { timings } = await done
    client.close()
    const { speculation, fromSpeechEnd } = timings
    expect(speculation?.attempts.at(-1)?.outcome).toBe('used')
    expect(speculation?.tokenReadyMs).toBeLessThan(fromSpeechEnd.turnDecidedMs ?? 0)
    expect(speculation?.savedMs).toBeGreaterThan(0)
    expect(speculation?.tokenReleasedMs).toBe(fromSpeechEnd.firstTokenMs)
  })

  test('noise starts no turn, or one that nothing was said in', async () => {
    const client = await open('hands-free')
    const heard = client.next('transcript.final').then(({ text }) => text)
    const over = new Promise<void>(resolve => setTimeout(resolve, 7_500))
    await client.play(await samplesOf('nonspeech-pink-noise'), over)
    expect(await Promise.race([heard, over.then(() => null)])).toBeNull()
    client.close()
  })

  test('push-to-talk takes a clip with pauses as one utterance', async () => {
    const client = await open('push-to-talk')
    const samples = await samplesOf('azure-katie-steve-1')
    client.send({ type: 'begin' })
    const played = new Promise<void>(resolve => setTimeout(resolve, samples.length / 16))
    const final = client.next('transcript.final')
    await client.play(samples, played)
    client.send({ type: 'commit' })
    const { text } = await final
    const said =
      'Good morning, Steve. Good morning, Katie. Have you heard about the new conversation transcription capability?'
    expect(charactersWrong(said, text)).toBeLessThan(HEARD_WELL)
    client.send({ type: 'interrupt' })
    await client.next('turn.done')
    client.close()
  })
})
