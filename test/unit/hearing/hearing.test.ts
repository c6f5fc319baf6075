import { afterEach, beforeEach, expect, test } from 'vitest'
import { fixedSilence } from '../../../server/hearing/endpointing.ts'
import { createHearing, type HearingOrder, type UtteranceEnd } from '../../../server/hearing/hearing.ts'
import { loudness } from '../../support/fakes/fakeLive.ts'
import { installVirtualTime, type VirtualTime } from '../../support/virtualTime.ts'

const MAX_UTTERANCE_MS = 60_000

let time: VirtualTime
beforeEach(() => {
  time = installVirtualTime()
})
afterEach(() => time.restore())

test.each<[string, HearingOrder, number, number, string]>([
  ['a button that goes up', { order: 'close', commitAtMs: 7 }, 1000, 0, 'commit'],
  ['one that stays down for too long', { order: 'close', commitAtMs: null }, 3200, 0, 'too-long'],
  ['one without frames', { order: 'close', commitAtMs: null }, 1000, 3000, 'stalled'],
  ['a commit', { order: 'commit', next: 2, commitAtMs: 7 }, 1000, 0, 'commit'],
  ['a microphone without frames', { order: 'commit', next: 2, commitAtMs: null }, 1000, 3000, 'stalled'],
  ['as much as is heard at once', { order: 'drop', next: 2 }, 3200, 0, 'too-long'],
  ['silence', { order: 'drop', next: 2 }, 1000, 0, 'silence'],
])('%s is why an utterance ends', async (_what, atCutOff, saidMs, waitMs, expected) => {
  const ended: UtteranceEnd[] = []
  const isButton = atCutOff.order === 'close'
  const hearing = createHearing({
    ...{ activity: loudness, sampleRate: 16_000, endpointing: fixedSilence(500), maxUtteranceMs: 3000 },
    ...{ sound: () => {}, voiced: () => null, failed: () => {}, woken: () => {}, deaf: () => {} },
    ended: (_stretch, _last, end) => void ended.push(end),
    cutOff: () => hearing.obey(atCutOff),
  })
  hearing.obey(isButton ? { order: 'open', stretch: 1 } : { order: 'mode', mode: 'hands-free', next: 1 })
  const say = (ms: number, level: number) => hearing.audio(new Int16Array(16 * ms).fill(level), time.now())
  for (let ms = 0; ms < saidMs; ms += 100) say(100, 8000)
  if (expected === 'commit') hearing.obey(atCutOff)
  if (expected === 'silence') say(600, 0)
  await time.pass(waitMs)
  expect(ended).toMatchObject([{ decidedBy: expected, textState: null }])
  expect(ended[0]?.commitAtMs).toBe(expected === 'commit' ? 7 : null)
})

test('a button that stays down without frames is cut off, also where the utterance before ends only then', async () => {
  const told: string[] = []
  const hearing = createHearing({
    ...{ activity: loudness, sampleRate: 16_000, endpointing: fixedSilence(500) },
    maxUtteranceMs: MAX_UTTERANCE_MS,
    sound: () => {},
    voiced: () => null,
    ended: stretch => void told.push(`${stretch} ended`),
    cutOff: stretch => void told.push(`${stretch} cut off`),
    ...{ failed: () => {}, woken: () => {}, deaf: () => {} },
  })
  hearing.obey({ order: 'open', stretch: 1 })
  hearing.obey({ order: 'close', commitAtMs: time.now() })
  hearing.obey({ order: 'open', stretch: 2 })
  await time.pass(MAX_UTTERANCE_MS)
  expect(told).toEqual(['1 ended', '2 cut off'])
})
