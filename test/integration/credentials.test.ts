import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { describeConfig, readConfig } from '../../server/config.ts'
import { masked } from '../../server/credentials.ts'
import { createOllama } from '../../server/engines/ollama/ollama.ts'
import { createSpeechHosts } from '../../server/engines/whisper/speechHosts.ts'
import { QuantvoxError } from '../../server/errors.ts'
import { createLanguageModels } from '../../server/llm/models.ts'
import { requestWhisper } from '../../server/recognition/whisper/whisperServer.ts'
import { SourceFailure } from '../../server/setup/failures.ts'
import { installedLanguageTags } from '../../server/setup/ollama/ollamaApi.ts'
import { createTraces } from '../../server/telemetry/traces.ts'
import { remoteVoice } from '../../server/voice/remote/remote.ts'
import { remoteVoiceNames } from '../../server/voice/remote/remoteVoices.ts'
import { failureOf } from '../support/failureOf.ts'
import { quietLog } from '../support/quietLog.ts'
import { makeTurn } from '../support/record/records.ts'

/** Every address of the settings with a name and a password in it. */

const { signal } = new AbortController()
const secret = 'pass:w@rd'
const basic = (name: string) => `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`
let server: Server
let asked: Map<string, string | undefined>
let addresses: Record<'OLLAMA_HOST' | 'SPEECH_URL' | 'SYNTHESIS_URL' | 'OTEL_EXPORTER_OTLP_ENDPOINT', string>

const answers: Record<string, object> = {
  '/ollama/api/version': { version: '0.17.4' },
  '/api/version': { version: '0.17.4' },
  '/api/tags': { models: [{ name: 'a:1b', digest: 'd', size: 1 }] },
  '/api/ps': { models: [] },
  '/speech/health': {},
  '/speech/inference': { text: '', segments: [] },
  '/v1/audio/voices': { voices: ['ada'] },
}

beforeEach(async () => {
  asked = new Map()
  server = createServer((request, response) => {
    const path = request.url ?? ''
    asked.set(path, request.headers.authorization)
    request.resume()
    if (request.headers.authorization === undefined) response.writeHead(401).end()
    else if (path === '/v1/audio/speech') response.end(Buffer.alloc(2400))
    else if (path.endsWith('/v1/traces')) response.end()
    else response.end(JSON.stringify(answers[path] ?? {}))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const at = (name: string, path = '') =>
    `http://${name}:${encodeURIComponent(secret)}@127.0.0.1:${port}${path}`
  addresses = {
    OLLAMA_HOST: at('ollama'),
    SPEECH_URL: at('speech', '/speech'),
    SYNTHESIS_URL: at('synthesis', '/v1'),
    OTEL_EXPORTER_OTLP_ENDPOINT: at('otlp', '/otlp/'),
  }
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const read = () => readConfig({ flags: {}, environment: addresses, dotEnv: {} })

test('are in no setting as it is used and shown', () => {
  const loaded = read()
  for (const told of [JSON.stringify(loaded.config), JSON.stringify(describeConfig(loaded))]) {
    expect(told).not.toMatch(/pass|w%40rd|w@rd|@127/)
  }
  expect(loaded.config.OLLAMA_HOST).toBe(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

describe('go to their address as a header, and each to its own', () => {
  test('Ollama, asked by the server and by setup', async () => {
    const { OLLAMA_HOST } = read().config
    const ollama = createOllama({
      ...{ host: OLLAMA_HOST, hostSetByHand: true, modelsDir: '', log: quietLog() },
      program: async () => ({ path: '', version: '' }),
    })
    expect(await ollama.url()).toBe(OLLAMA_HOST)
    expect(await createLanguageModels(ollama.url).list(signal)).toHaveLength(1)
    expect(await installedLanguageTags(OLLAMA_HOST, signal)).toEqual(['a:1b'])
    expect([...asked]).toEqual(['/api/version', '/api/tags', '/api/ps'].map(path => [path, basic('ollama')]))
    await ollama.stop()
  })

  test('a whisper-server', async () => {
    const engines = createSpeechHosts(read().config.SPEECH_URL)
    const lease = await engines.acquire({ name: 'x', path: '' }, 'me', signal)
    const request = { audioContext: 0, timestamps: false, language: 'en', timeoutMs: 5000 }
    await requestWhisper(lease.baseUrl, { samples: new Int16Array(1600), ...request }, signal)
    lease.release()
    expect(asked.get('/speech/health')).toBe(basic('speech'))
    expect(asked.get('/speech/inference')).toBe(basic('speech'))
    expect(lease.engine).not.toContain('@')
    await engines.stop()
  })

  test('a speech server', async () => {
    const url = read().config.SYNTHESIS_URL ?? ''
    expect(await remoteVoiceNames(url, signal)).toEqual(['ada'])
    for await (const _audio of remoteVoice({ url, voice: 'ada' }).speak('Hello.', signal));
    expect(asked.get('/v1/audio/voices')).toBe(basic('synthesis'))
    expect(asked.get('/v1/audio/speech')).toBe(basic('synthesis'))
  })

  test('a receiver of traces', async () => {
    const { config } = read()
    const traces = createTraces(
      {
        endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT.replace(/\/+$/, ''),
        ...{ headers: [], serviceName: 'x', resourceAttributes: [], appVersion: '0' },
      },
      quietLog(),
    )
    traces.turnEnded({ record: makeTurn(0).record, speechEndedAtMs: Date.now() })
    await traces.stop()
    expect(asked.get('/otlp/v1/traces')).toBe(basic('otlp'))
  })
})

describe('are not told when something fails', () => {
  test('an address where nothing answers', async () => {
    const { config } = read()
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
    const ollama = createOllama({
      ...{ host: config.OLLAMA_HOST, hostSetByHand: true, modelsDir: '', log: quietLog() },
      program: async () => ({ path: '', version: '' }),
    })
    const engines = createSpeechHosts(config.SPEECH_URL)
    const errors = [
      await failureOf(ollama.url()),
      await failureOf(installedLanguageTags(config.OLLAMA_HOST, signal)),
      await failureOf(createLanguageModels(async () => config.OLLAMA_HOST).list(signal)),
      await failureOf(engines.acquire({ name: 'x', path: '' }, 'me', signal)),
    ]
    const said = [
      ...errors.map(error => (error as QuantvoxError).line),
      ollama.ready().detail,
      engines.ready().detail,
    ]
    for (const text of said) expect(text).toMatch(/127\.0\.0\.1:\d+/)
    expect(said.join(' ')).not.toMatch(/pass|@/)
    await Promise.all([ollama.stop(), engines.stop()])
  })

  test.each([
    ['OLLAMA_HOST', 'http://ada:hunter@bad host'],
    ['OLLAMA_HOST', 'ada:hunter@['],
    ['SPEECH_URL', 'http://ada:hun/ter@host'],
    ['SYNTHESIS_URL', 'ftp://ada:hunter@host'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://ada:hun ter@host'],
  ])('a %s that is none', (name, value) => {
    const refused = () => readConfig({ flags: {}, environment: { [name]: value }, dotEnv: {} })
    expect(refused).toThrow(name)
    expect(refused).not.toThrow(/hun|ter@|ada/)
  })

  test('what other programs and libraries say, in errors and in the log', () => {
    const said = 'Cannot connect to proxy http://ada:secret@proxy:3128, via https://bob:s%40x@b.test/x'
    const shown = 'Cannot connect to proxy http://********@proxy:3128, via https://********@b.test/x'
    expect(masked(said)).toBe(shown)
    expect(new SourceFailure(said).message).toBe(shown)
    const { line } = new QuantvoxError('internal', said, { meaning: said, mend: said })
    expect(line).toBe([shown, shown, shown].join(' '))
    const lines: string[] = []
    const log = pino({ hooks: { streamWrite: masked } }, { write: text => lines.push(text) })
    log.warn({ err: new Error(said), url: 'http://ada:secret@h' }, said)
    expect(lines.join()).toContain('********@proxy')
    expect(lines.join()).not.toMatch(/secret|s%40x/)
  })

  test.each(['a.', 'a', '://', 'a://', ':', '://a'])('are looked for once in a long text of %j', unit => {
    const startedAt = process.threadCpuUsage().user
    masked(`${unit.repeat(30_000)}@ `)
    expect((process.threadCpuUsage().user - startedAt) / 1000).toBeLessThan(250)
  })

  test('text without an address is left as it is', () => {
    expect(masked('write to a@b.test, see http://c.test/d@e')).toBe(
      'write to a@b.test, see http://c.test/d@e',
    )
  })
})
