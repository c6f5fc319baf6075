import { expect, test } from 'vitest'
import { atLevel } from '../../../scripts/bench/turntaking/items/levels.ts'
import { encodeWav } from '../../../server/audio/encodeWav.ts'
import { joinSamples, toBytes } from '../../../server/audio/pcm.ts'
import type { TurnAnswer } from '../../../server/protocol/turns.ts'
import { createLiveApp } from '../../support/fakes/fakeLive.ts'
import { activity, clips, findSpeech } from '../../support/hearing/heardClips.ts'
import { ask } from '../../support/http.ts'
import { startTestApp } from '../../support/testApp.ts'

const question = () =>
  clips.find(({ file }) => file === 'assistant-grapefruit.wav')?.samples ?? new Int16Array()

/** Says it in a live session of its own, twice; the hints that came, and how many turns were over. */
async function hintsFor(dB: number) {
  const live = await createLiveApp({ activity })
  const client = await live.connect({ voice: 'none' })
  try {
    for (let said = 0; said < 2; said++) {
      const frames = joinSamples([atLevel(question(), dB), new Int16Array(16 * 700)])
      for (let from = 0; from < frames.length; from += 320)
        client.socket.send(toBytes(frames.subarray(from, from + 320)))
      await client.next('turn.done')
    }
    return client.heard.filter(message => message.type === 'hint')
  } finally {
    client.leave()
    await live.app.close()
  }
}

test('a microphone that is very quiet is told of once a session, with what mends it', async () => {
  expect(await hintsFor(-64)).toMatchObject([
    { hint: 'quiet-microphone', turnId: expect.any(String), mend: expect.stringContaining('sound settings') },
  ])
})

test('one that is only quiet is not', async () => {
  expect(await hintsFor(-50)).toEqual([])
})

test('the answer to a very quiet clip says so, that to another does not', async () => {
  const server = await startTestApp()
  server.stages.findSpeech = findSpeech
  const answerAt = async (dB: number): Promise<TurnAnswer> =>
    (await ask(server.app, { voice: 'none' }, encodeWav(atLevel(question(), dB)))).json()
  expect((await answerAt(-64)).hints).toMatchObject([{ hint: 'quiet-microphone' }])
  expect((await answerAt(-40)).hints).toBeUndefined()
  server.stages.findSpeech = async () => ({
    ...{ segments: [], speechMs: 0, lastVoicedMs: null, probabilities: new Float32Array() },
  })
  expect((await answerAt(-64)).hints).toBeUndefined()
})
