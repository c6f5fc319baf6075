import { expect, test } from 'vitest'
import { createItems } from '../../../../server/doors/openai/realtime/items.ts'
import { samplesOf } from '../../../../server/doors/openai/realtime/wire/audio.ts'

/** Both were quadratic: minutes at these lengths. */
const LONG = 200_000

test('a long run of padding is refused as fast as any other text', { timeout: 20_000 }, () => {
  expect(() => samplesOf(`${'='.repeat(LONG)}A`)).toThrow('is not base64')
  expect(() => samplesOf('AAA====')).toThrow('is not base64')
  expect([...samplesOf('AAA='), ...samplesOf('AAA'), ...samplesOf('')]).toEqual([0, 0])
})

test('a spoken answer with a long run of spaces is cut short', { timeout: 20_000 }, () => {
  const items = createItems()
  const transcript = `One${' '.repeat(LONG)}two three`
  const part = { type: 'output_audio' as const, transcript }
  items.add({
    ...{ id: 'item', object: 'realtime.item', status: 'completed' },
    ...{ type: 'message', role: 'assistant', content: [part] },
  })
  items.sentAudio('item', transcript.length)
  items.truncate('item', 0, transcript.length - 2)
  expect(part.transcript).toBe(`One${' '.repeat(LONG)}two`)
})
