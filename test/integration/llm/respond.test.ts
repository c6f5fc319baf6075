import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { probeOllama } from '../../../server/engines/ollama/ollama.ts'
import { QuantvoxError } from '../../../server/errors.ts'
import { createLanguageModels } from '../../../server/llm/models.ts'
import { type ChatSettings, MAX_REPLY_TOKENS, type ReplyPart, respond } from '../../../server/llm/respond.ts'
import {
  chatLine,
  lastLine,
  type ScriptedOllama,
  scriptedOllama,
} from '../../support/engines/scriptedOllama.ts'
import { until } from '../../support/http.ts'

const servers: ScriptedOllama[] = []
async function ollama(routes: Parameters<typeof scriptedOllama>[0]): Promise<ScriptedOllama> {
  const server = await scriptedOllama(routes)
  servers.push(server)
  return server
}
const chat = (answer: (response: ServerResponse) => unknown) => ollama({ '/api/chat': answer })

let printed: unknown[][] = []
beforeEach(() => {
  printed = []
  for (const how of ['log', 'warn', 'error', 'info', 'debug'] as const)
    vi.spyOn(console, how).mockImplementation((...said) => void printed.push(said))
})
afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(servers.splice(0).map(server => server.close()))
  expect(printed).toEqual([])
})

const options = { model: 'm:1b', numCtx: 2048, numThread: null, keepAlive: '5m', temperature: 0.5, seed: 7 }
const messages = [{ role: 'user' as const, content: 'Hi' }]
const never = new AbortController().signal

async function partsOf(
  url: string,
  signal = never,
  change: Partial<ChatSettings> = {},
): Promise<ReplyPart[]> {
  const parts: ReplyPart[] = []
  for await (const part of respond(url, messages, { ...options, ...change }, signal)) parts.push(part)
  return parts
}

async function failureOf(work: Promise<unknown>): Promise<QuantvoxError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(QuantvoxError)
  return error as QuantvoxError
}

const textOf = (parts: ReplyPart[], type: 'text' | 'thinking') =>
  parts.flatMap(part => (part.type === type ? [part.text] : [])).join('')

describe('a reply', () => {
  test('streams as text and ends with the figures of Ollama in milliseconds', async () => {
    const { url, calls } = await chat(response => response.end(chatLine('It') + chatLine(' is.') + lastLine))
    expect(await partsOf(url)).toEqual([
      { type: 'text', text: 'It' },
      { type: 'text', text: ' is.' },
      {
        type: 'done',
        statistics: {
          doneReason: 'stop',
          totalMs: 100,
          loadMs: 20,
          promptTokens: 30,
          cachedPromptTokens: null,
          promptEvalMs: 25,
          outputTokens: 8,
          evalMs: 50,
        },
      },
    ])
    expect(calls).toEqual([expect.objectContaining({ hungUp: false })])
  })

  test('is asked for with the same options in every turn', async () => {
    const { url, calls } = await chat(response => response.end(lastLine))
    await partsOf(url)
    await partsOf(url, never, { keepAlive: '-1' })
    expect(calls[0]?.body).toEqual({
      model: 'm:1b',
      messages,
      stream: true,
      think: false,
      keep_alive: '5m',
      options: { num_ctx: 2048, num_predict: MAX_REPLY_TOKENS, temperature: 0.5, seed: 7 },
    })
    // As text Ollama would want a unit; a bare number is seconds, or for ever.
    expect(calls[1]?.body.keep_alive).toBe(-1)
    await partsOf(url, never, { keepAlive: '1h30m' })
    expect(calls[2]?.body.keep_alive).toBe('1h30m')
    // Whoever runs Ollama has said how long.
    await partsOf(url, never, { keepAlive: null })
    expect(calls[3]?.body).not.toHaveProperty('keep_alive')
  })

  test('comes piece by piece, wherever the network cuts it', async () => {
    const bytes = Buffer.from(chatLine('Grüße ') + chatLine('🌍!') + lastLine)
    const { url } = await chat(async response => {
      for (let at = 0; at < bytes.length; at += 7) {
        response.write(bytes.subarray(at, at + 7))
        if (at % 70 === 0) await sleep(1)
      }
      response.end()
    })
    expect(textOf(await partsOf(url), 'text')).toBe('Grüße 🌍!')
  })

  test.each([
    ['beside the text', chatLine('', 'Hm, ') + chatLine('', 'well.') + chatLine('Yes.') + lastLine],
    [
      'in tags, cut anywhere',
      ['<th', 'ink>', 'Hm, ', 'well.</', 'think>', '\n\nYes.'].map(text => chatLine(text)).join('') +
        lastLine,
    ],
  ])('is told from the thinking that comes %s', async (_where, body) => {
    const { url } = await chat(response => response.end(body))
    const parts = await partsOf(url)
    expect([textOf(parts, 'thinking'), textOf(parts, 'text')]).toEqual(['Hm, well.', 'Yes.'])
    expect(parts.at(-1)?.type).toBe('done')
  })
})

describe('an Ollama that fails', () => {
  test.each<[string, (response: ServerResponse) => unknown, string, RegExp]>([
    [
      'answers 500',
      r => r.writeHead(500).end('{"error":"llama runner has died"}'),
      'engine_failed',
      /500: llama runner has died/,
    ],
    ['answers 500 without a word', r => r.writeHead(500).end(), 'engine_failed', /500: nothing/],
    [
      'does not know the model',
      r => r.writeHead(404).end('{"error":"model \'m:1b\' not found"}'),
      'model_not_found',
      /m:1b/,
    ],
    ['does not know the route', r => r.writeHead(404).end('404 page not found'), 'engine_failed', /404/],
    ['answers garbage', r => r.end('garbage\n{"more\n'), 'engine_failed', /protocol|JSON/],
    [
      'answers with a page',
      r => r.setHeader('content-type', 'text/html').end('<!doctype html>\n<p>Welcome</p>'),
      'engine_failed',
      /protocol|JSON/,
    ],
    ['answers JSON of another kind', r => r.end('{"choices":[]}\n'), 'engine_failed', /protocol/],
    ['answers a list', r => r.end('[1,2]\n'), 'engine_failed', /protocol/],
    ['turns to garbage in the middle', r => r.end(`${chatLine('It')}{"message":{"con`), 'engine_failed', /./],
    ['answers nothing', r => r.end(), 'engine_failed', /final figures/],
    ['ends without figures', r => r.end(chatLine('It')), 'engine_failed', /final figures/],
    [
      'says an error in the stream',
      r => r.end(`${chatLine('It')}{"error":"out of memory"}\n`),
      'engine_failed',
      /out of memory/,
    ],
    [
      'hangs up in the middle',
      async r => {
        r.write(chatLine('It'))
        await sleep(20)
        r.destroy()
      },
      'engine_failed',
      /./,
    ],
    ['hangs up before it answers', r => void r.destroy(), 'engine_unavailable', /does not answer/],
  ])('because it %s is a failure with a code, and nothing is printed', async (_what, answer, code, said) => {
    const { url } = await chat(answer)
    const failure = await failureOf(partsOf(url))
    expect([failure.code, failure.message]).toEqual([code, expect.stringMatching(said)])
  })

  test('because nothing is there says how to start it', async () => {
    const { url, close } = await ollama({})
    await close()
    const failure = await failureOf(partsOf(url))
    expect([failure.code, failure.mend]).toEqual([
      'engine_unavailable',
      expect.stringContaining('ollama serve'),
    ])
  })

  test('has given all text that came before', async () => {
    const { url } = await chat(async response => {
      response.write(chatLine('It is'))
      await sleep(20)
      response.destroy()
    })
    const heard: string[] = []
    const listening = (async () => {
      for await (const part of respond(url, messages, options, never))
        if (part.type === 'text') heard.push(part.text)
    })()
    await failureOf(listening)
    expect(heard).toEqual(['It is'])
  })

  test('because it says no token for a minute is engine_timeout, and the connection is closed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const { url, calls } = await chat(response => void response.write(chatLine('It')))
      const parts = respond(url, messages, options, never)[Symbol.asyncIterator]()
      expect((await parts.next()).value).toEqual({ type: 'text', text: 'It' })
      const failure = failureOf(parts.next())
      await vi.advanceTimersByTimeAsync(61_000)
      expect((await failure).code).toBe('engine_timeout')
      await vi.waitUntil(() => calls[0]?.hungUp)
    } finally {
      vi.useRealTimers()
    }
  })
})

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
