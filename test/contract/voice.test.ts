import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFlite } from '../../server/engines/flite/flite.ts'
import type { createVoices } from '../../server/voice/voices.ts'
import { createFakeStages } from '../support/fakes/fakeStages.ts'
import { quietLog } from '../support/quietLog.ts'
import { speakingWith } from '../support/voice/speakingWith.ts'
import { voiceContract } from './voice.ts'

const flite = createFlite({ log: quietLog() })
/** 24 kHz PCM in pieces, as it is spoken: two milliseconds for ten letters. */
const speechServer = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += chunk
  for (let letter = 0; letter < JSON.parse(body).input.length && !response.destroyed; letter += 10) {
    response.write(Buffer.from(new Int16Array(480).fill(letter).buffer))
    await sleep(2)
  }
  response.end()
})
let voice: ReturnType<typeof createVoices>

beforeAll(async () => {
  await new Promise<void>(resolve => speechServer.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(speechServer.address() as AddressInfo).port}`
  voice = speakingWith(flite.speak, url)
})
afterAll(async () => {
  speechServer.closeAllConnections()
  speechServer.close()
  await flite.stop()
})

voiceContract('scripted', () => createFakeStages({ synthesizeMs: 50 }).stages.voice('flite:slt'))
for (const name of ['flite:slt', 'remote:af_heart', 'browser', 'none']) voiceContract(name, () => voice(name))

const speaking = { reply: 'One two.', clauses: [], spokenLength: null, stopped: false }

test('a voice of the server is waited for a second after the computed end, and not before anything was sent', () => {
  const within = (sentMs: number, positionMs: number) =>
    voice('flite:slt').playbackWithinMs({ ...speaking, sentMs, positionMs })
  expect([within(3000, 1000), within(3000, 3000), within(0, 0)]).toEqual([3000, 1000, null])
})

test('a voice of the browser is given five seconds and a tenth for each letter, and takes a reply as read until told', () => {
  const browser = voice('browser')
  const unsent = { ...speaking, sentMs: 0, positionMs: 0 }
  expect(browser.playbackWithinMs(unsent)).toBe(5800)
  expect(browser.heard(unsent)).toBe('One two.')
  expect(browser.heard({ ...unsent, stopped: true })).toBe('')
  expect(browser.heard({ ...unsent, stopped: true, spokenLength: 5 })).toBe('One')
})

test('a reply without a voice is as good as read unless it was stopped', () => {
  const unsent = { ...speaking, sentMs: 0, positionMs: 0 }
  expect(voice('none').heard(unsent)).toBe('One two.')
  expect(voice('none').heard({ ...unsent, stopped: true })).toBe('')
})
