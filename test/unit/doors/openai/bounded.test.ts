import { expect, test } from 'vitest'
import { createItems, type UserItem } from '../../../../server/doors/openai/realtime/items.ts'
import { createClientSecrets } from '../../../../server/doors/openai/realtime/secrets.ts'
import { samplesOf } from '../../../../server/doors/openai/realtime/wire/audio.ts'
import { decodeEvent } from '../../../../server/doors/openai/realtime/wire/clientEvents.ts'
import { readAudioJson } from '../../../../server/doors/openai/rest/audioJson.ts'

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

test('what a client makes in a conversation is bounded in bytes, and what it deletes is free again', () => {
  const items = createItems()
  const text = 'x'.repeat(1_000_000)
  const made = (id: string): UserItem => ({
    ...{ id, object: 'realtime.item', status: 'completed', type: 'message', role: 'user' },
    content: [{ type: 'input_text', text }],
  })
  for (const id of ['a', 'b', 'c', 'd']) items.make(made(id))
  expect(() => items.make(made('e'))).toThrow('4 MiB at most')
  // What is said and answered has room all the same.
  items.add(made('said'))
  items.delete('a')
  items.make(made('e'))
  expect(items.all().map(({ id }) => id)).toEqual(['b', 'c', 'd', 'said', 'e'])
})

test('a client secret keeps no more than a session needs, and what it keeps is what was given', async () => {
  const secrets = createClientSecrets()
  const update = { type: 'realtime' as const, instructions: 'Be brief.' }
  expect(secrets.find((await secrets.issue(update, 60)).value)?.update).toEqual(update)
  const long = { ...update, instructions: 'x'.repeat(140_000) }
  await expect(secrets.issue(long, 60)).rejects.toThrow('128 KiB at most')
})

test('a body of nothing but places for sound is left as soon as it is too large', async () => {
  const body = Buffer.from('"data":""'.repeat(200_000))
  await expect(readAudioJson(body, 1000)).rejects.toThrow('larger than')
})

test.each([
  ['objects', `{"type":"session.update","session":{"tools":[${'{},'.repeat(30_000)}{}]}}`],
  ['texts', `{"type":"session.update","session":{"tools":[${'"a",'.repeat(60_000)}"a"]}}`],
])(
  'an event, or a body, of nothing but %s is refused before a schema goes through it',
  async (_what, json) => {
    expect(decodeEvent(json).event).toMatchObject({ message: expect.stringContaining('too many objects') })
    await expect(readAudioJson(Buffer.from(json), 2 ** 20)).rejects.toThrow('too many objects')
  },
)
