import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFolderStore } from '../../server/record/replies/folderStore.ts'
import { createS3Store } from '../../server/record/replies/s3Store.ts'
import { type S3Server, startS3Server } from '../support/record/s3Server.ts'
import { replyStoreContract } from './replyStore.ts'

const folder = mkdtempSync(join(tmpdir(), 'quantvox-reply-store-'))
let s3: S3Server
let buckets = 0
beforeAll(async () => {
  s3 = await startS3Server('our-key')
})
afterAll(async () => {
  await s3.close()
  rmSync(folder, { recursive: true, force: true })
})
const bucket = (accessKeyId: string, prefix: string) =>
  createS3Store({
    ...{ address: `s3://bucket${++buckets}${prefix}`, endpoint: s3.url, region: 'eu-central-1' },
    ...{ accessKeyId, secretAccessKey: 'our-secret' },
  })

replyStoreContract('a folder', async () => createFolderStore(join(folder, `${++buckets}`)))
replyStoreContract('a bucket', async () => bucket('our-key', ''))
replyStoreContract('a bucket below a prefix', async () => bucket('our-key', '/voice/replies/'))

test('a bucket that refuses says so, and the secret is not sent', async () => {
  const refused = bucket('another-key', '')
  const turnId = v7()
  const store = 'replies' as const
  await expect(refused.put(store, turnId, 'reply.wav', Buffer.of(1))).rejects.toThrow('403')
  await expect(refused.get(store, turnId, 'reply.wav')).rejects.toThrow('403')
  await expect(refused.delete(store, turnId)).rejects.toThrow('403')
  await expect(refused.list(store)).rejects.toThrow('403')
})

test('a folder shows a reply when it is whole: what is being written has another name', async () => {
  const root = join(folder, 'whole')
  const store = createFolderStore(root)
  const turnId = v7()
  const large = Buffer.alloc(20_000_000, 1)
  const put = store.put('replies', turnId, 'reply.wav', large)
  let isOver = false
  void put.finally(() => {
    isOver = true
  })
  while (!isOver)
    expect([0, large.length]).toContain((await store.get('replies', turnId, 'reply.wav'))?.length ?? 0)
  await put
  expect(readdirSync(join(root, 'replies', turnId))).toEqual(['reply.wav'])
})
