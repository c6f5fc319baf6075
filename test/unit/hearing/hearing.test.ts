import { afterEach, beforeEach, expect, test } from 'vitest'
import { fixedSilence } from '../../../server/hearing/endpointing.ts'
import { createHearing } from '../../../server/hearing/hearing.ts'
import { loudness } from '../../support/fakeLive.ts'
import { installVirtualTime, type VirtualTime } from '../../support/virtualTime.ts'

const MAX_UTTERANCE_MS = 60_000

let time: VirtualTime
beforeEach(() => {
  time = installVirtualTime()
})
afterEach(() => time.restore())

test('a button that stays down without frames is cut off, also where the utterance before ends only then', async () => {
  const told: string[] = []
  const hearing = createHearing({
    ...{ activity: loudness, sampleRate: 16_000, endpointing: fixedSilence(500) },
    maxUtteranceMs: MAX_UTTERANCE_MS,
    sound: () => {},
    voiced: () => null,
    ended: stretch => void told.push(`${stretch} ended`),
    cutOff: stretch => void told.push(`${stretch} cut off`),
    failed: () => {},
  })
  hearing.obey({ order: 'open', stretch: 1 })
  hearing.obey({ order: 'close', commitAtMs: time.now() })
  hearing.obey({ order: 'open', stretch: 2 })
  await time.pass(MAX_UTTERANCE_MS)
  expect(told).toEqual(['1 ended', '2 cut off'])
})
