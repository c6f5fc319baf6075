import { expect, test } from 'vitest'
import { speakable } from '../../../server/voice/speakable.ts'
import { chat, partsOf } from '../../support/engines/askedOllama.ts'
import { chatLine, lastLine } from '../../support/engines/scriptedOllama.ts'
import { watchEventLoop } from '../../support/eventLoop.ts'

/** What a model writes is cleaned and spoken beside every voice of the server: no form of it may hold the event loop up. */
const FAILS_AT_MS = 250
/** As long as a reply may be. */
const LENGTH = 60_000

const beginnings = [
  '',
  'x',
  '```',
  '```json',
  '[',
  '[{',
  '{"name":"',
  'x\n',
  '<|start|>',
  '<|channel|>',
  '<think>',
  '<tool_call>',
]
const units = [
  ' ',
  '\n',
  '\t',
  ' \n',
  '\u00a0',
  '<',
  '[',
  '{',
  '"',
  '\\"',
  '`',
  '<|a',
  '</think>',
  '<s>',
  '#',
  '◁',
]

async function worksMs(pieces: readonly string[]): Promise<number> {
  const { url } = await chat(response =>
    response.end(pieces.map(piece => chatLine(piece)).join('') + lastLine),
  )
  const loop = watchEventLoop()
  await partsOf(url)
  const { longestMs, workMs } = await loop.stop()
  return Math.min(longestMs, workMs)
}

test.each(beginnings)(
  'no reply that begins with %j stops the event loop',
  { timeout: 120_000 },
  async begin => {
    for (const unit of units) {
      const reply = begin + unit.repeat(LENGTH / unit.length)
      for (const pieces of [[`${reply}x}`], reply.match(/[\s\S]{1,8}/g) ?? []])
        expect(await worksMs(pieces), unit).toBeLessThan(FAILS_AT_MS)
    }
  },
)

test.each([' ', '\t', ' \n', '\n\t', '\u00a0'])('a row of %j is no work for a voice', gap => {
  const startedAt = process.threadCpuUsage().user
  expect(speakable(`Well${gap.repeat(20_000 / gap.length)}then.`)).toMatch(/^Well,? then\.$/)
  expect((process.threadCpuUsage().user - startedAt) / 1000).toBeLessThan(FAILS_AT_MS)
})
