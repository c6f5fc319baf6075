import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { FORMAT, soundIn, speakTo, startWyoming } from '../../support/wyoming/wyomingDoor.ts'

/** More than the system keeps for a client that does not read, in both directions. */
const LONG_MS = 500_000

test('32 at once are all answered, however few may work at once; one more is told that there is no room', async () => {
  const server = await startWyoming({ script: { recognizeMs: 50 }, dependencies: { maxTurns: 2 } })
  const clients = await Promise.all(Array.from({ length: 32 }, server.connect))
  // Each has said something, so the server knows of it.
  for (const client of clients) client.send('ping')
  await Promise.all(clients.map(client => client.next('pong')))
  const last = await (await server.connect()).everything()
  expect(last.map(({ type, data }) => [type, data.code])).toEqual([['error', 'at_capacity']])
  for (const [i, client] of clients.entries()) {
    if (i % 3 === 0) speakTo(client)
    else if (i % 3 === 1) client.send('synthesize', { text: `Hello ${i}.` })
    else client.send('transcript', { text: `Hello ${i}.` })
  }
  const ends = ['transcript', 'audio-stop', 'handled']
  await Promise.all(clients.map((client, i) => client.next(ends[i % 3] ?? '', 20_000)))
  expect(await server.rows()).toHaveLength(32)
  clients[0]?.socket.destroy()
  await expect
    .poll(async () => {
      const client = await server.connect()
      client.send('ping')
      return await client.next('pong', 500).then(
        () => true,
        () => false,
      )
    })
    .toBe(true)
})

test('one that leaves while it waits for a place takes none', async () => {
  const server = await startWyoming({ script: { recognizeMs: 60_000 }, dependencies: { maxTurns: 1 } })
  const [first, second] = await Promise.all([server.connect(), server.connect()])
  speakTo(first)
  await expect.poll(() => server.calls.length).toBe(1)
  speakTo(second)
  second.socket.destroy()
  const third = await server.connect()
  third.send('synthesize', { text: 'Hello.' })
  first.socket.destroy()
  await third.next('audio-stop')
  expect((await server.rows()).map(({ outcome }) => outcome).toSorted()).toEqual(['completed', 'interrupted'])
})

test.each([
  ['speech', { recognizeMs: 60_000 }, 'recognize whisper-tiny.en-q8_0 aborted'],
  ['the language model', { firstTokenMs: 60_000 }, 'respond aborted'],
] as const)('a client that leaves frees %s', async (what, script, freed) => {
  const server = await startWyoming({ script })
  const client = await server.connect()
  if (what === 'speech') speakTo(client)
  else client.send('transcript', { text: 'Hello.' })
  await expect.poll(() => server.calls.length).toBeGreaterThan(0)
  client.socket.destroy()
  await expect.poll(() => server.calls).toContain(freed)
  await expect.poll(server.rows).toMatchObject([{ source: 'wyoming', outcome: 'interrupted' }])
})

test('one that leaves in the middle of a text or of audio leaves nothing behind', async () => {
  const server = await startWyoming()
  const speaking = await server.connect()
  speaking.send('synthesize-start')
  speaking.send('synthesize-chunk', { text: 'It is ten past nine. And' })
  await speaking.next('audio-chunk')
  speaking.socket.destroy()
  const heard = await server.connect()
  heard.send('audio-start', FORMAT)
  heard.send('audio-chunk', FORMAT, Buffer.alloc(3200))
  heard.socket.destroy()
  await expect
    .poll(server.rows)
    .toMatchObject([{ outcome: 'interrupted', reply: 'It is ten past nine. And' }])
})

test('one that does not read for a while gets all of it when it reads again', async () => {
  const server = await startWyoming({ script: { clauseAudioMs: LONG_MS } })
  const client = await server.connect()
  client.send('synthesize', { text: 'It is ten past nine.' })
  await client.next('audio-chunk')
  client.socket.pause()
  await sleep(300)
  expect(await server.rows()).toEqual([])
  client.socket.resume()
  await client.next('audio-stop', 20_000)
  expect(soundIn(client.heard).samples).toBe(16 * LONG_MS)
})

test('one that never reads again is hung up on', async () => {
  const server = await startWyoming({ script: { clauseAudioMs: LONG_MS }, patience: { stalledMs: 300 } })
  const client = await server.connect()
  client.send('synthesize', { text: 'It is ten past nine.' })
  await client.next('audio-chunk')
  client.socket.pause()
  await expect.poll(server.rows, { timeout: 10_000 }).toMatchObject([{ outcome: 'interrupted' }])
  const messages = server.log.lines.map(({ message }) => message)
  expect(messages).toContain('a Wyoming client takes nothing of its answer')
})

test('one that stands still is hung up on; in the middle of something it is told', async () => {
  const server = await startWyoming({ patience: { idleMs: 200, openMs: 400 } })
  const idle = await server.connect()
  expect(await idle.everything()).toEqual([])
  const within = await server.connect()
  within.socket.write('{"type":')
  expect((await within.everything()).map(({ data }) => data.code)).toEqual(['invalid_state'])
  const open = await server.connect()
  open.send('synthesize-start')
  expect((await open.everything()).map(({ data }) => data.code)).toEqual(['invalid_state'])
})

test('one that is being answered does not stand still', async () => {
  const server = await startWyoming({ script: { recognizeMs: 1000 }, patience: { idleMs: 100, openMs: 100 } })
  const client = await server.connect()
  speakTo(client)
  await client.next('transcript-stop')
})

test('an event that comes byte by byte has no more time than another', async () => {
  const server = await startWyoming({ patience: { idleMs: 500 } })
  const client = await server.connect()
  const drip = setInterval(() => client.socket.write('x'), 50)
  const events = await client.everything().finally(() => clearInterval(drip))
  expect(events.map(({ data }) => data.code)).toEqual(['invalid_state'])
})

test('a stop lets what is under way end, and hangs up on the rest', async () => {
  const server = await startWyoming({ script: { recognizeMs: 500 } })
  const [busy, idle] = await Promise.all([server.connect(), server.connect()])
  speakTo(busy)
  await expect.poll(() => server.calls.length).toBe(1)
  await server.door.close(AbortSignal.timeout(20_000))
  expect(await idle.everything()).toEqual([])
  expect((await busy.everything()).map(({ type }) => type)).toContain('transcript')
})

test('and interrupts what takes longer', async () => {
  const server = await startWyoming({ script: { recognizeMs: 60_000 } })
  const client = await server.connect()
  speakTo(client)
  await expect.poll(() => server.calls.length).toBe(1)
  await server.door.close(AbortSignal.timeout(100))
  expect((await client.everything()).at(-1)?.data.code).toBe('shutting_down')
  expect(await server.rows()).toMatchObject([{ outcome: 'interrupted' }])
})

test('nothing that was said or asked is in the log', async () => {
  const server = await startWyoming({ script: { transcript: 'My secret.', reply: ['Your secret.'] } })
  const client = await server.connect()
  speakTo(client)
  client.send('synthesize', { text: 'A secret.' })
  client.send('transcript', { text: 'Secret?' })
  await client.next('handled-stop')
  const lines = server.log.lines.filter(({ level }) => level !== 'debug')
  expect(JSON.stringify(lines)).not.toMatch(/secret/i)
})
