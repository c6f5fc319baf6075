import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { MAX_REPLY_TOKENS, type ReplyPart, respond } from '../../../server/llm/respond.ts'
import { chat, messages, never, ollama, options, partsOf } from '../../support/engines/askedOllama.ts'
import { chatLine, lastLine } from '../../support/engines/scriptedOllama.ts'
import { failureOf } from '../../support/failureOf.ts'

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
