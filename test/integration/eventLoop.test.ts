import { mkdtempSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { turnRecordRoutes } from '../../server/doors/rest/turns/turnRecords.ts'
import { socketLimits } from '../../server/protocol/socketLimits.ts'
import { openTurnStore, TURN_FILE_NAME } from '../../server/record/sqlite/store.ts'
import { createLiveApp } from '../support/fakes/fakeLive.ts'
import { makeTurn } from '../support/record/records.ts'

/** The event loop carries every voice: no input may hold it up. 50 ms is the aim, and each figure is printed. */
const FAILS_AT_MS = 250

/**
 * How long the event loop stood still at most while that was done. A machine that is busy with other work holds it up as well, so
 * the processor time of its longest turn stands beside the delay, and the lesser counts.
 */
async function longestStandstillMs(name: string, work: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  let turnedAtMs = processorMs()
  let longestTurnMs = 0
  const watching = setInterval(() => {
    longestTurnMs = Math.max(longestTurnMs, processorMs() - turnedAtMs)
    turnedAtMs = processorMs()
  }, 1)
  delay.enable()
  await sleep(5)
  delay.reset()
  longestTurnMs = 0
  await work()
  await sleep(5)
  delay.disable()
  clearInterval(watching)
  const delayMs = delay.max / 1e6
  console.info(
    `${delayMs.toFixed(0).padStart(5)} ms, ${longestTurnMs.toFixed(0).padStart(4)} ms of work: ${name}`,
  )
  return Math.min(delayMs, longestTurnMs)
}

const processorMs = () => process.threadCpuUsage().user / 1000

const times = (unit: string, length: number) => unit.repeat(Math.ceil(length / unit.length)).slice(0, length)
const shown = (unit: string) => JSON.stringify(unit.length > 40 ? `${unit.slice(0, 40)}…` : unit)

describe('replies', () => {
  const units = [
    ...[
      '— ',
      ', ',
      '  ,',
      '… ',
      '`',
      '` ',
      '\n`',
      '`\n',
      '```',
      '\n```\n',
      '~~~\n',
      'x',
      'ha',
      '[',
      '[a](',
      '[\n',
    ],
    ...[
      '<!--',
      '<a',
      '*',
      '\n*',
      '_a',
      '\n-',
      '\n>',
      '\n|',
      '\n#',
      '\n1.',
      '1.',
      '$1',
      '2**',
      'a@',
      '@\n',
      'www.a.',
    ],
    ...[
      'Mr. ',
      'etc. A ',
      'p.m. ',
      '"',
      '\n',
      ' ',
      '\t',
      '🙂',
      '👨‍👩‍👧',
      '\u200D',
      '。',
      '你好',
      'e\u0301',
      '\u2029-',
    ],
  ]
  const pieces = {
    'in one piece': (text: string) => [text],
    'in tokens of four characters': (text: string) => text.match(/[\s\S]{1,4}/g) ?? [],
  }
  test.each(Object.entries(pieces))('%s', { timeout: 120_000 }, async (how, cut) => {
    const live = await createLiveApp({ script: { firstTokenMs: 0, tokenMs: 0, clauseAudioMs: 1 } })
    for (const unit of units) {
      live.script.reply = cut(times(unit, 10_000))
      const standstillMs = await longestStandstillMs(`reply of ${shown(unit)} ${how}`, () =>
        live.app.inject({ method: 'POST', url: '/v1/turns', payload: { text: 'Well?' } }),
      )
      expect(standstillMs, shown(unit)).toBeLessThan(FAILS_AT_MS)
    }
    await live.app.close()
  })
})

test('questions', { timeout: 120_000 }, async () => {
  const live = await createLiveApp({ script: { firstTokenMs: 0, tokenMs: 0, clauseAudioMs: 1 } })
  const address = await live.app.listen({ host: '127.0.0.1', port: 0 })
  const post = async (body: string, type = 'application/json') => {
    const answer = await fetch(`${address}/v1/turns`, {
      method: 'POST',
      body,
      headers: { 'content-type': type },
    })
    expect(answer.status).toBeLessThan(500)
    await answer.arrayBuffer()
  }
  const asked = (text: string) => post(JSON.stringify({ text, conversationId: 'one' }))
  const manyNames = Array.from({ length: 80_000 }, (_, i) => `"n${i}":1`).join()
  const inputs: [string, () => Promise<unknown>][] = [
    ...['x', ' ', '\n', '— ', '`', '你', '🙂', '\u0000'].map((unit): [string, () => Promise<unknown>] => [
      `question of ${shown(unit)}`,
      () => asked(times(unit, 100_000)),
    ]),
    [
      '200 short questions of one conversation, then a long one',
      async () => {
        for (let i = 0; i < 200; i++) await asked('?')
        await asked(times('x', 100_000))
      },
    ],
    ['JSON of a thousand levels', () => post(times('[', 100_000))],
    ['JSON of many names', () => post(`{${times('"a":1,', 900_000)}"b":1}`)],
    ['JSON of many different names', () => post(`{${manyNames}}`)],
    [
      'a form of nothing but boundaries',
      () => post(times('--x\r\n', 1_000_000), 'multipart/form-data; boundary=x'),
    ],
    [
      'a form of many fields',
      () =>
        post(
          times('--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n', 1_000_000),
          'multipart/form-data; boundary=x',
        ),
    ],
  ]
  for (const [name, work] of inputs) {
    expect(await longestStandstillMs(name, work), name).toBeLessThan(FAILS_AT_MS)
  }
  await live.app.close()
})

test('what is refused before it is read', { timeout: 120_000 }, async () => {
  const live = await createLiveApp()
  await live.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = live.app.server.address() as AddressInfo
  const ask = (path: string, headers: Record<string, string>) =>
    new Promise<void>((resolve, reject) =>
      get({ port, path, headers: { host: 'localhost', ...headers } }, answer => {
        answer.resume().once('end', resolve)
        expect(answer.statusCode).toBeLessThan(500)
      }).once('error', reject),
    )
  for (const unit of ['a.', 'a', ':', '://', 'http://', '.', '%41', '1:', '@']) {
    const long = `${times(unit, 15_000)}@`
    for (const headers of [{}, { host: long }, { origin: long }, { authorization: `Bearer ${long}` }]) {
      const name = `refused for ${Object.keys(headers)[0] ?? 'its path'} of ${shown(unit)}`
      const standstillMs = await longestStandstillMs(name, () => ask(`/${long}`, headers))
      expect(standstillMs, name).toBeLessThan(FAILS_AT_MS)
    }
  }
  await live.app.close()
})

test('frames of a socket', { timeout: 120_000 }, async () => {
  const live = await createLiveApp()
  const most = socketLimits.maxMessageBytes - 100
  const frames: [string, (string | Buffer)[]][] = [
    ['no JSON', [times('[', most)]],
    ['JSON of many names', [`{${times('"a":1,', most)}"b":1}`]],
    ['a long question', [JSON.stringify({ type: 'text', text: times('— ', 100_000) })]],
    ['a long question of blanks', [JSON.stringify({ type: 'text', text: `${times(' ', 99_999)}x` })]],
    ['very many tiny frames', Array.from({ length: 20_000 }, () => Buffer.alloc(2))],
    ['audio at the highest speed', Array.from({ length: 450 }, () => Buffer.alloc(640, 'x'))],
  ]
  for (const [name, messages] of frames) {
    const client = await live.connect()
    const standstillMs = await longestStandstillMs(`frames: ${name}`, async () => {
      for (const [index, message] of messages.entries()) {
        client.socket.send(message)
        if (index % 50 === 49) await sleep(0)
      }
      await sleep(300)
    })
    client.leave()
    expect(standstillMs, name).toBeLessThan(FAILS_AT_MS)
  }
  await live.app.close()
})

describe('a record of 100,000 turns, 500 of them with the longest text', () => {
  let folder: string
  let close: () => Promise<void>
  let read: (url: string) => Promise<unknown>

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'quantvox-large-record-'))
    const file = join(folder, TURN_FILE_NAME)
    openTurnStore(file, { saveText: true }).close()
    fill(file, 100_000)
    const store = openTurnStore(file, { saveText: true })
    const app = Fastify()
    await app.register(turnRecordRoutes({ store }))
    const address = await app.listen({ host: '127.0.0.1', port: 0 })
    read = async url => {
      const answer = await fetch(`${address}${url}`)
      expect(answer.status, url).toBe(200)
      for await (const _ of answer.body ?? []);
    }
    close = async () => {
      await app.close()
      store.close()
    }
  }, 120_000)
  afterAll(async () => {
    await close()
    rmSync(folder, { recursive: true, force: true })
  })

  test.each([
    '/v1/summary',
    '/v1/summary?groupBy=llmModel,speechModel,outcome,source',
    // As many groups as a summary may have.
    '/v1/summary?groupBy=conversationId&until=2026-11-14T21:20:00Z',
    '/v1/summary?llmModel=none',
    '/v1/turns?llmModel=none&outcome=failed',
    '/v1/turns?limit=500',
    '/v1/turns?format=csv',
    '/v1/turns?format=ndjson',
  ])('GET %s', { timeout: 120_000 }, async url => {
    expect(await longestStandstillMs(`GET ${url}`, () => read(url))).toBeLessThan(FAILS_AT_MS)
  })

  function fill(file: string, count: number): void {
    const database = new DatabaseSync(file)
    const insert = database.prepare(
      'INSERT INTO turns (turnId, startedAtMs, record, transcript, reply, heardText) VALUES (?, ?, ?, ?, ?, ?)',
    )
    const longest = times('"— ', 100_000)
    database.exec('BEGIN')
    for (let i = 0; i < count; i++) {
      const { record, text } = makeTurn(i)
      const transcript = i < count - 500 ? text.transcript : longest
      const startedAtMs = Date.parse(record.startedAt)
      insert.run(record.turnId, startedAtMs, JSON.stringify(record), transcript, text.reply, text.heardText)
    }
    database.exec('COMMIT')
    database.close()
  }
})
