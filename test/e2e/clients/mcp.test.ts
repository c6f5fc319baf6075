import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectLive } from '../../../scripts/bench/liveClient.ts'
import type { StoredTurn } from '../../../server/protocol/record.ts'
import { type LiveServer, startLiveServer } from '../../support/liveServer.ts'

/**
 * A tool of an MCP server, a program made with its SDK, that a real model calls: the smallest that is here and can. Asked like this, at
 * temperature 0, it calls it and says what it gave.
 */

const MODEL = 'qwen2.5-coder:0.5b-instruct-q4_K_M'
const SYSTEM_PROMPT =
  'You are a kind assistant. Call the tool once; then answer with what it said, in one short sentence.'

let folder: string
let server: LiveServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quantvox-mcp-'))
  const config = join(folder, 'mcp.json')
  const program = resolve(import.meta.dirname, '../../support/mcp/stdioHouse.ts')
  const house = { command: process.execPath, args: [program] }
  await writeFile(config, JSON.stringify({ servers: { house }, allow: { 'house.temperature': 'auto' } }))
  server = await startLiveServer({ LLM_MODEL: MODEL, TEMPERATURE: '0', MCP_CONFIG: config, SYSTEM_PROMPT })
}, 900_000)
afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true })
})

test('a question has the tool called, its result spoken, and the call in the row', async () => {
  const client = await connectLive(server.url, { mode: 'push-to-talk' })
  let samples = 0
  client.listen(part => {
    samples += part.length
  })
  const done = client.next('tool.done')
  const over = client.next('turn.done')
  client.send({ type: 'text', text: 'What is the temperature in the kitchen?' })
  expect(await done).toMatchObject({ name: 'temperature', outcome: 'done' })
  const { turnId, outcome } = await over
  expect(outcome).toBe('completed')
  client.close()

  const row = (await (await fetch(`${server.url}/v1/turns/${turnId}`)).json()) as StoredTurn
  expect(row).toMatchObject({
    ...{ source: 'socket', outcome: 'completed', reply: expect.stringContaining('17.5') },
    heardText: row.reply,
    llm: { model: MODEL },
    tools: [{ name: 'temperature', outcome: 'done', ms: expect.any(Number), startedMs: expect.any(Number) }],
  })
  // What it was given and what it gave are not kept.
  expect(JSON.stringify(row.tools)).not.toMatch(/kitchen|17\.5/)
  // A second of sound at the least.
  expect(samples).toBeGreaterThan(16_000)
})
