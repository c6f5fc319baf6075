import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { clip, form, until, wantsEvents } from '../../support/http.ts'
import { startTestApp, type TestApp, type TestAppOptions } from '../../support/testApp.ts'

async function listening(options: TestAppOptions = {}): Promise<TestApp & { url: string; port: number }> {
  const made = await startTestApp(options)
  const url = await made.app.listen({ port: 0, host: '127.0.0.1' })
  return { ...made, url, port: Number(new URL(url).port) }
}
const rows = async ({ stages }: TestApp) => (await stages.store.list({}, 100)).items
const errorsIn = (logLines: string[]) => logLines.filter(line => JSON.parse(line).level >= 40)
const typed = (text: string) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ text }),
})
async function spoken(headers: Record<string, string> = {}) {
  const upload = await form(['audio', clip()])
  return {
    method: 'POST',
    headers: { ...upload.headers, ...headers },
    body: new Uint8Array(upload.payload),
  }
}

describe('a client that leaves', () => {
  test.each([
    ['JSON', {}],
    ['events', wantsEvents],
  ])('while its clip is heard stops the recognizer; the row says interrupted (%s)', async (_form, accept) => {
    const server = await listening({ script: { recognizeMs: 60_000 } })
    const leave = new AbortController()
    const asking = fetch(`${server.url}/v1/turns`, { ...(await spoken(accept)), signal: leave.signal })
    await until(() => server.calls.length === 1)
    leave.abort()
    await expect(asking).rejects.toThrow()
    await until(async () => (await rows(server)).length === 1, 1_000)
    expect(server.calls).toEqual(['recognize whisper-tiny.en-q8_0', 'recognize whisper-tiny.en-q8_0 aborted'])
    expect(await rows(server)).toEqual([
      expect.objectContaining({ outcome: 'interrupted', errorCode: null, transcript: null, reply: null }),
    ])
    expect(errorsIn(server.logLines)).toEqual([])
  })

  test('in the middle of the reply stops the LLM and the voice; the row keeps what was said', async () => {
    const server = await listening({ script: { tokenMs: 60_000 } })
    const leave = new AbortController()
    const asking = { ...typed('Hi'), signal: leave.signal }
    asking.headers = { ...asking.headers, ...wantsEvents } as typeof asking.headers
    const response = await fetch(`${server.url}/v1/turns`, asking)
    const first = await response.body?.getReader().read()
    expect(Buffer.from(first?.value ?? []).toString()).toContain('reply.delta')
    leave.abort()
    await until(async () => (await rows(server)).length === 1, 1_000)
    expect(server.calls).toEqual(['respond', 'respond aborted'])
    expect(await rows(server)).toEqual([
      expect.objectContaining({
        outcome: 'interrupted',
        errorCode: null,
        transcript: 'Hi',
        reply: 'It is',
        heardText: null,
      }),
    ])
    expect(errorsIn(server.logLines)).toEqual([])
  })

  test('before its JSON answer comes stops the LLM, too, and makes room for others', async () => {
    const server = await listening({ settings: { MAX_SESSIONS: '1' }, script: { firstTokenMs: 60_000 } })
    const leave = new AbortController()
    const asking = fetch(`${server.url}/v1/turns`, { ...typed('Hi'), signal: leave.signal })
    await until(() => server.calls.length === 1)
    leave.abort()
    await expect(asking).rejects.toThrow()
    await until(async () => (await rows(server))[0]?.outcome === 'interrupted', 1_000)
    server.script.firstTokenMs = 0
    expect((await fetch(`${server.url}/v1/turns`, typed('And now?'))).status).toBe(200)
  })

  test('in the middle of its upload leaves no row, no error and its place to others', async () => {
    const server = await listening({ settings: { MAX_SESSIONS: '1' } })
    const socket = connect(server.port, '127.0.0.1')
    socket.write(
      'POST /v1/turns HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n' +
        '--b\r\nContent-Disposition: form-data; name="audio"; filename="a.wav"\r\n\r\nRIFF',
    )
    await sleep(100)
    expect((await fetch(`${server.url}/v1/turns`, typed('Hi'))).status).toBe(503)
    socket.destroy()
    await sleep(100)
    expect((await fetch(`${server.url}/v1/turns`, typed('Hi'))).status).toBe(200)
    expect(await rows(server)).toHaveLength(1)
    expect(errorsIn(server.logLines)).toEqual([])
  })

  test('after the whole answer has not interrupted anything', async () => {
    const server = await listening()
    const response = await fetch(`${server.url}/v1/turns`, { ...typed('Hi'), keepalive: false })
    await response.json()
    expect(await rows(server)).toEqual([expect.objectContaining({ outcome: 'completed' })])
  })
})

describe('a server that shuts down', () => {
  test('refuses what comes meanwhile with shutting_down, says when to come again, and hangs up', async () => {
    const server = await listening({ script: { firstTokenMs: 400 } })
    const running = fetch(`${server.url}/v1/turns`, typed('Hi'))
    await until(() => server.calls.length === 1)
    // A connection that is busy with its request when the server begins to close is not closed.
    const socket = connect(server.port, '127.0.0.1')
    socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n')
    await sleep(50)
    const closed = server.app.close()
    await sleep(50)
    socket.write('\r\n')
    let answer = ''
    for await (const part of socket) answer += part
    expect(answer).toMatch(/^HTTP\/1\.1 503 /)
    expect(answer).toMatch(/retry-after: \d+/i)
    expect(answer).toContain('"code":"shutting_down"')
    await (await running).json()
    await closed
  })

  test.each([
    ['JSON', {}],
    ['events', wantsEvents],
  ])('lets the running turn end and then waits for no idle connection (%s)', async (_form, accept) => {
    const server = await listening({ script: { firstTokenMs: 400 } })
    const asking = typed('Hi')
    const running = fetch(`${server.url}/v1/turns`, {
      ...asking,
      headers: { ...asking.headers, ...accept },
    })
    await until(() => server.calls.length === 1)
    let closed = false
    const closing = server.app.close().then(() => {
      closed = true
    })
    const response = await running
    expect(response.status).toBe(200)
    expect(await response.text()).toContain('It is ten past nine. Good evening.')
    // The client keeps its connection alive; that must not hold the server.
    await until(() => closed)
    await closing
  })
})
