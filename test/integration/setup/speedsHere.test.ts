import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { wordOf } from '../../../server/setup/speed/speedsHere.ts'

const threadOf = (code: string) => new Worker(code, { eval: true })

test('a thread that measures is heard', async () => {
  expect(await wordOf(threadOf('require("node:worker_threads").parentPort.postMessage(5e9)'))).toBe(5e9)
})

test.each([
  ['ends without a word', '', 'ended without a word'],
  ['fails', 'throw new Error("no memory")', 'no memory'],
  ['says nothing', 'setInterval(() => {}, 1000)', 'said nothing for 2 s'],
])('one that %s is not waited for without end', async (_, code, why) => {
  const thread = threadOf(code)
  await expect(wordOf(thread, 2000)).rejects.toThrow(why)
  await expect.poll(() => thread.threadId).toBe(-1)
})
