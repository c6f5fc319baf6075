import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { presets } from '../../../../server/hearing/endOfTurn/decision.ts'
import { createLiveApp, type LiveApp, type LiveClient } from '../../../support/fakes/fakeLive.ts'
import { noDetector, scriptedDetector } from '../../../support/hearing/fakeDetector.ts'

let live: LiveApp
afterEach(async () => {
  await live.app.close()
})

const learned = { endpointing: { mode: 'learned', silenceMs: 700 }, voice: 'none' }
const endings = ({ heard }: LiveClient) => heard.filter(({ type }) => type === 'speech.stopped').length

/** Goes on with silence, frame by frame, until a turn ends; how much there was, milliseconds. */
async function silenceUntilEnd(client: LiveClient): Promise<number> {
  const before = endings(client)
  for (let ms = 0; ms < 4000; ms += 32) {
    client.silence(32)
    await sleep(8)
    if (endings(client) > before) return ms + 32
  }
  return Number.POSITIVE_INFINITY
}

const { sureMs, likelyMs, hardlyMs } = presets.balanced

describe('the learned end of a turn', () => {
  test.each([
    ['sounds and reads like one', 0.99, 'What is the time?', sureMs, 600, 'sure', 'closed'],
    ['sounds like one and reads like none', 0.99, 'What is the', likelyMs, 1000, 'likely', 'open'],
    ['sounds like none', 0.01, 'What is the time?', hardlyMs, 1900, 'hardly', 'closed'],
  ])('that %s', async (_how, probability, transcript, from, to, decidedBy, textState) => {
    const { detector, asked } = scriptedDetector([probability])
    live = await createLiveApp({ detector, script: { transcript } })
    const client = await live.connect(learned)
    client.say(960)
    const silenceMs = await silenceUntilEnd(client)
    expect(silenceMs).toBeGreaterThanOrEqual(from)
    expect(silenceMs).toBeLessThan(to)
    // 64 ms after the speech, which begins with the first frame.
    expect(asked.map(({ length }) => length)).toEqual([16 * (960 + 64)])
    const { speculation } = (await client.next('turn.done')).timings
    expect(speculation).toMatchObject({ decidedBy, textState, detector: [{ silenceMs: 64, probability }] })
    const { body } = await live.app.inject('/v1/turns?format=csv')
    expect(body).toContain(`""probability"":${probability}`)
    expect(body).toContain(`,${textState},${decidedBy},`)
  })

  test('speech that goes on after a pause that would have ended a fixed turn is of the same turn', async () => {
    const { detector, asked } = scriptedDetector([0.01, 0.99])
    live = await createLiveApp({ detector })
    const client = await live.connect({ ...learned, endpointing: { mode: 'learned', silenceMs: 300 } })
    client.say(960)
    for (let ms = 0; ms < 960; ms += 32) {
      client.silence(32)
      await sleep(4)
    }
    client.say(960)
    await silenceUntilEnd(client)
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'completed' })
    expect(client.types().filter(type => type === 'turn.done')).toHaveLength(1)
    expect(asked).toHaveLength(2)
    const [row] = (await live.stages.store.list({}, 9)).items
    expect(row?.speculation).toMatchObject({
      ...{ pauses: 2, revisions: 1, decidedBy: 'sure' },
      detector: [{ probability: 0.01 }, { probability: 0.99 }],
    })
  })

  test('waits longer for whoever pauses long, and not for the next session', async () => {
    // Three pauses that go on, then ends.
    const { detector } = scriptedDetector([0.02, 0.02, 0.02, 0.99])
    live = await createLiveApp({ detector })
    const slow = await live.connect(learned)
    for (let part = 0; part < 3; part++) {
      slow.say(640)
      for (let ms = 0; ms < 576; ms += 32) {
        slow.silence(32)
        await sleep(4)
      }
    }
    slow.say(640)
    expect(await silenceUntilEnd(slow)).toBeGreaterThanOrEqual(650)
    const other = await live.connect(learned)
    other.say(960)
    expect(await silenceUntilEnd(other)).toBeLessThan(650)
    slow.leave()
  })

  test('without a detector is the fixed silence', async () => {
    live = await createLiveApp({ detector: noDetector })
    const client = await live.connect(learned)
    client.say(960)
    const silenceMs = await silenceUntilEnd(client)
    expect(silenceMs).toBeGreaterThanOrEqual(700)
    expect(silenceMs).toBeLessThan(1000)
    expect((await client.next('turn.done')).timings.speculation).toMatchObject({
      ...{ decidedBy: 'silence', detector: [{ silenceMs: 64, probability: null, inferenceMs: null }] },
    })
  })

  test('can be chosen by the settings, at the start and later, a part at a time', async () => {
    const { detector } = scriptedDetector([0.99])
    live = await createLiveApp({
      detector,
      settings: { ENDPOINTING: 'learned', ENDPOINTING_PRESET: 'patient', SILENCE_MS: '600' },
    })
    const client = await live.connect({ endpointing: { preset: 'fast' }, voice: 'none' })
    expect(client.heard[0]).toMatchObject({
      settings: { endpointing: { mode: 'learned', preset: 'fast', silenceMs: 600 } },
    })
    client.say(960)
    expect(await silenceUntilEnd(client)).toBeLessThan(450)
    client.send({ type: 'configure', requestId: '1', endpointing: { mode: 'silence', silenceMs: 900 } })
    expect(await client.next('configured')).toMatchObject({
      settings: { endpointing: { mode: 'silence', preset: 'fast', silenceMs: 900 } },
    })
    client.say(960)
    expect(await silenceUntilEnd(client)).toBeGreaterThanOrEqual(900)
  })
})

test.each([{ preset: 'hasty' }, { mode: 'guess' }, { silenceMs: 5 }, { wait: 1 }])(
  'an endpointing of %j is refused',
  async endpointing => {
    live = await createLiveApp()
    const client = await live.connect()
    client.send({ type: 'configure', requestId: '1', endpointing })
    expect(await client.next('error')).toMatchObject({ code: 'invalid_message' })
  },
)
