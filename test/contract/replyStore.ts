import { v7 } from 'uuid'
import { expect, test } from 'vitest'
import type { ReplyStore } from '../../server/record/replies/replyStore.ts'

/** What every place for spoken replies does. */
export function replyStoreContract(name: string, open: () => Promise<ReplyStore>): void {
  const [reply, question] = [Buffer.from('RIFF reply'), Buffer.from([0, 255, 1, 254])]

  test(`${name}: what is put is got, byte by byte, by its turn, folder and file`, async () => {
    const store = await open()
    const [turnId, other] = [v7(), v7()]
    await store.put('audio', turnId, 'reply.wav', reply)
    await store.put('audio', turnId, 'question.wav', question)
    expect(await store.get('audio', turnId, 'reply.wav')).toEqual(reply)
    expect(await store.get('audio', turnId, 'question.wav')).toEqual(question)
    expect(await store.get('replies', turnId, 'reply.wav')).toBeNull()
    expect(await store.get('audio', other, 'reply.wav')).toBeNull()
    await store.put('audio', turnId, 'reply.wav', question)
    expect(await store.get('audio', turnId, 'reply.wav')).toEqual(question)
  })

  test(`${name}: turns are listed by folder, and all of one deleted, more than once`, async () => {
    const store = await open()
    expect(await store.list('replies')).toEqual([])
    const [kept, deleted, elsewhere] = [v7(), v7(), v7()]
    for (const turnId of [kept, deleted]) await store.put('replies', turnId, 'reply.wav', reply)
    await store.put('replies', deleted, 'question.wav', reply)
    await store.put('audio', elsewhere, 'reply.wav', reply)
    expect((await store.list('replies')).map(({ turnId }) => turnId).toSorted()).toEqual([kept, deleted])
    for (const { putAtMs } of await store.list('replies')) expect(putAtMs).toBeGreaterThan(Date.UTC(2020, 0))
    for (let times = 0; times < 2; times++) await store.delete('replies', deleted)
    expect((await store.list('replies')).map(({ turnId }) => turnId)).toEqual([kept])
    expect(await store.get('replies', deleted, 'reply.wav')).toBeNull()
    expect(await store.get('audio', elsewhere, 'reply.wav')).toEqual(reply)
  })

  test.each(['..', '.', '', '../keep', `${v7()}/../..`])(
    `${name}: "%s" is no turn, and nothing is touched by it`,
    async id => {
      const store = await open()
      const turnId = v7()
      await store.put('audio', turnId, 'reply.wav', reply)
      await expect((async () => store.put('audio', id, 'reply.wav', question))()).rejects.toThrow(
        'not the id',
      )
      await expect((async () => store.get('audio', id, 'reply.wav'))()).rejects.toThrow('not the id')
      await expect((async () => store.delete('audio', id))()).rejects.toThrow('not the id')
      expect(await store.list('audio')).toMatchObject([{ turnId }])
    },
  )
}
