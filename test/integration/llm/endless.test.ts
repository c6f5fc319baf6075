import type { ServerResponse } from 'node:http'
import { describe, expect, test, vi } from 'vitest'
import { probeOllama } from '../../../server/engines/ollama/ollama.ts'
import { createLanguageModels } from '../../../server/llm/models.ts'
import { respond } from '../../../server/llm/respond.ts'
import { chat, messages, never, ollama, options, partsOf } from '../../support/engines/askedOllama.ts'
import { chatLine } from '../../support/engines/scriptedOllama.ts'
import { failureOf } from '../../support/failureOf.ts'
import { askText, until } from '../../support/http.ts'
import { startTestApp } from '../../support/testApp.ts'

describe('an Ollama that does not end', () => {
  const endlessly = (line: string) => (response: ServerResponse) => {
    const write = () => {
      while (!response.destroyed && response.write(line.repeat(100)));
    }
    response.on('drain', write)
    write()
  }

  test.each([
    ['text', chatLine('word '.repeat(50))],
    ['thinking', chatLine('', 'hm '.repeat(50))],
    ['thinking in tags', chatLine('<think>hm '.repeat(20))],
    ['single letters', chatLine('a')],
    ['nothing at all', chatLine('')],
  ])('but sends %s is engine_failed, and the connection is closed', async (_what, line) => {
    const { url, calls } = await chat(endlessly(line))
    expect(await failureOf(partsOf(url))).toMatchObject({
      code: 'engine_failed',
      message: expect.stringMatching(/did not end/),
    })
    await until(() => calls[0]?.hungUp === true, 1_000)
  })

  test('but sends a little now and then is engine_timeout after ten minutes', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const { url } = await chat(response => {
        response.write(chatLine('It'))
        const more = setInterval(() => response.write(chatLine('')), 5)
        response.once('close', () => clearInterval(more))
      })
      const failure = failureOf(partsOf(url))
      failure.catch(() => {})
      let isOver = false
      void failure.finally(() => (isOver = true))
      for (let elapsedMs = 0; !isOver && elapsedMs < 700_000; elapsedMs += 20_000) {
        await vi.advanceTimersByTimeAsync(20_000)
        // In real time, so that something comes meanwhile.
        await new Promise<void>(resolve => {
          const pause = setInterval(() => {
            clearInterval(pause)
            resolve()
          }, 15)
        })
      }
      expect(await failure).toMatchObject({ code: 'engine_timeout', message: expect.stringMatching(/600 s/) })
    } finally {
      vi.useRealTimers()
    }
  })

  const list = (url: string) => createLanguageModels(async () => url).list(never)

  test('its list of models is engine_failed', async () => {
    const { url, calls } = await ollama({ '/api/tags': endlessly('{"models":['), '/api/ps': endlessly('[') })
    expect(await failureOf(list(url))).toMatchObject({ code: 'engine_failed' })
    await until(() => calls.every(call => call.hungUp), 10_000)
  })

  test('its refusal is told without all of it', async () => {
    const { url } = await ollama({
      '/api/tags': response => endlessly('no ')(response.writeHead(500)),
      '/api/ps': response => response.end('{"models":[]}'),
    })
    expect(await failureOf(list(url))).toMatchObject({ code: 'engine_failed' })
  })

  test('the list of models that it began is engine_timeout after ten seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const { url, calls } = await ollama({
        '/api/tags': response => void response.write('{"models":'),
        '/api/ps': response => response.end('{"models":[]}'),
      })
      const failure = failureOf(list(url))
      await vi.waitUntil(() => calls.length === 2)
      await vi.advanceTimersByTimeAsync(11_000)
      expect((await failure).code).toBe('engine_timeout')
    } finally {
      vi.useRealTimers()
    }
  })

  test('its version is not there', async () => {
    const { url } = await ollama({ '/api/version': endlessly('{"version":"1"') })
    expect(await probeOllama(url, never)).toBeNull()
  })
})

describe('hanging up on Ollama', () => {
  test('happens while it still thinks about its first token', async () => {
    const { url, calls } = await chat(() => {})
    const leave = new AbortController()
    const failed = partsOf(url, leave.signal).catch((error: unknown) => error)
    await until(() => calls.length === 1)
    const reason = new Error('the client left')
    leave.abort(reason)
    expect(await failed).toBe(reason)
    await until(() => calls[0]?.hungUp === true, 1_000)
  })

  test('happens in the middle of the stream', async () => {
    const { url, calls } = await chat(response => void response.write(chatLine('It')))
    const leave = new AbortController()
    const parts = respond(url, messages, options, leave.signal)[Symbol.asyncIterator]()
    expect((await parts.next()).value).toEqual({ type: 'text', text: 'It' })
    const reason = new Error('the client left')
    leave.abort(reason)
    await expect(parts.next()).rejects.toBe(reason)
    await until(() => calls[0]?.hungUp === true, 1_000)
  })

  test('happens when nobody reads on', async () => {
    const { url, calls } = await chat(response => void response.write(chatLine('It')))
    for await (const part of respond(url, messages, options, never)) {
      expect(part).toEqual({ type: 'text', text: 'It' })
      break
    }
    await until(() => calls[0]?.hungUp === true, 1_000)
  })
})

test('an Ollama that hangs is told as such, and not as one that is still loading', {
  timeout: 20_000,
}, async () => {
  const { url } = await ollama({ '/api/tags': () => {}, '/api/ps': () => {} })
  const server = await startTestApp()
  server.stages.languageModel = createLanguageModels(async () => url).find
  const answer = await askText(server.app, { text: 'Hi' })
  expect(answer.json()).toMatchObject({ code: 'engine_timeout', status: 504 })
})
