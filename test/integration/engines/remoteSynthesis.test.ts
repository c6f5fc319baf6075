import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { freePort } from '../../../server/engines/ports.ts'
import { remoteVoice } from '../../../server/voice/remote/remote.ts'
import { remoteVoiceNames } from '../../../server/voice/remote/remoteVoices.ts'
import type { SpokenAudio } from '../../../server/voice/synthesize.ts'
import { failureOf } from '../../support/failureOf.ts'

const never = new AbortController().signal
const servers: Server[] = []

type Handle = (body: Record<string, unknown>, response: ServerResponse, request: IncomingMessage) => void

async function serverThat(handle: Handle): Promise<string> {
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    handle(text === '' ? {} : JSON.parse(text), response, request)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  servers.push(server)
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function speak(url: string, signal = never, timeoutMs = 2000): Promise<SpokenAudio[]> {
  const spoken: SpokenAudio[] = []
  const synthesize = remoteVoice({ url, voice: 'af_heart', timeoutMs }).speak
  for await (const audio of synthesize('Hello there.', signal)) spoken.push(audio)
  return spoken
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

describe('a voice of a speech server', () => {
  it('asks for PCM as OpenAI does and passes the samples on', async () => {
    let asked: unknown
    const url = await serverThat((body, response, request) => {
      asked = { ...body, path: request.url }
      response.end(Buffer.from(new Int16Array([1, -2, 3]).buffer))
    })
    const spoken = await speak(url)
    expect(spoken.flatMap(({ samples }) => [...samples])).toEqual([1, -2, 3])
    expect(spoken[0]?.sampleRate).toBe(24_000)
    expect(asked).toEqual({
      path: '/v1/audio/speech',
      model: 'tts-1',
      voice: 'af_heart',
      input: 'Hello there.',
      response_format: 'pcm',
    })
  })

  it('is heard while the server still speaks', async () => {
    let finish = () => {}
    const url = await serverThat((_body, response) => {
      response.write(Buffer.from(new Int16Array(100).buffer))
      finish = () => response.end(Buffer.from(new Int16Array(50).buffer))
    })
    const audio = remoteVoice({ url, voice: 'v' }).speak('Hello.', never)[Symbol.asyncIterator]()
    expect((await audio.next()).value?.samples.length).toBe(100)
    finish()
    expect((await audio.next()).value?.samples.length).toBe(50)
    expect((await audio.next()).done).toBe(true)
  })

  const endlessly = (response: ServerResponse) => {
    const write = () => {
      while (!response.destroyed && response.write(Buffer.alloc(60_000)));
    }
    response.on('drain', write)
    write()
  }

  it('is engine_failed where its audio does not end', { timeout: 20_000 }, async () => {
    const url = await serverThat((_body, response) => endlessly(response))
    expect(await failureOf(speak(url))).toMatchObject({
      code: 'engine_failed',
      message: expect.stringContaining('more than 300 s of audio'),
    })
  })

  it('is engine_failed where its refusal does not end', { timeout: 20_000 }, async () => {
    const url = await serverThat((_body, response) => endlessly(response.writeHead(500)))
    expect(await failureOf(speak(url))).toMatchObject({ code: 'engine_failed' })
  })

  it('is engine_failed where a little comes now and then for two minutes', { timeout: 20_000 }, async () => {
    const url = await serverThat((_body, response) => {
      const more = setInterval(() => response.write(Buffer.alloc(2)), 20)
      response.once('close', () => clearInterval(more))
    })
    const now = performance.now.bind(performance)
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() * 1000)
    const failure = await failureOf(speak(url))
    clock.mockRestore()
    expect(failure).toMatchObject({ code: 'engine_failed', message: expect.stringContaining('120 s') })
  })

  it('takes the rate that the server names', async () => {
    const url = await serverThat((_body, response) => {
      response.setHeader('content-type', 'audio/L16; rate=22050; channels=1')
      response.end(Buffer.alloc(8))
    })
    expect((await speak(url))[0]?.sampleRate).toBe(22_050)
  })

  it.each<[string, string, Handle]>([
    ['answers 500', 'engine_failed', (_body, response) => response.writeHead(500).end('out of memory')],
    [
      'does not know the voice',
      'engine_failed',
      (_body, response) => response.writeHead(400).end('{"detail":"?"}'),
    ],
    [
      'sends JSON with status 200',
      'engine_failed',
      (_body, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'),
    ],
    ['sends nothing', 'engine_failed', (_body, response) => response.end()],
    [
      'breaks off in the middle',
      'engine_failed',
      (_body, response) => {
        response.write(Buffer.alloc(100), () => response.destroy())
      },
    ],
    ['never answers', 'engine_timeout', () => undefined],
    [
      'falls silent in the middle',
      'engine_timeout',
      (_body, response) => void response.write(Buffer.alloc(100)),
    ],
  ])('whose server %s ends with %s', async (_what, code, handle) => {
    const url = await serverThat(handle)
    await expect(speak(url, never, code === 'engine_timeout' ? 100 : 5000)).rejects.toMatchObject({ code })
  })

  it('whose server is not there ends with engine_unavailable', async () => {
    await expect(speak(`http://127.0.0.1:${await freePort()}`)).rejects.toMatchObject({
      code: 'engine_unavailable',
    })
  })

  it('stops at the server when its turn is interrupted', async () => {
    let whenClosed: Promise<void> = Promise.resolve()
    const url = await serverThat((_body, response) => {
      whenClosed = new Promise(resolve => response.once('close', resolve))
      response.write(Buffer.alloc(100))
    })
    const leaver = new AbortController()
    setTimeout(() => leaver.abort(new Error('interrupted')), 100)
    await expect(speak(url, leaver.signal)).rejects.toThrow('interrupted')
    await whenClosed
  })

  it('may take longer to be listened to than the server may be silent', async () => {
    const url = await serverThat((_body, response) => {
      response.write(Buffer.alloc(1000))
      setTimeout(() => response.end(Buffer.alloc(1000)), 20)
    })
    let bytes = 0
    for await (const { samples } of remoteVoice({ url, voice: 'v', timeoutMs: 150 }).speak('Hello.', never)) {
      bytes += samples.length * 2
      await new Promise(resolve => setTimeout(resolve, 250))
    }
    expect(bytes).toBe(2000)
  })
})

describe('the voices of a speech server', () => {
  it.each([
    ['{"voices":["af_heart","af_sky","af_sky"]}', ['af_heart', 'af_sky']],
    ['{"voices":[{"id":"af_heart","name":"Heart"}]}', ['af_heart']],
    ['{"object":"list","data":[{"id":"alloy"},{"name":"echo"}]}', ['alloy', 'echo']],
    ['{"detail":"Not Found"}', []],
    ['<html>', []],
    ['{"voices":[1,2]}', []],
  ])('in the answer %s are %j', async (answer, names) => {
    let path: string | undefined
    const url = await serverThat((_body, response, request) => {
      path = request.url
      response.end(answer)
    })
    expect(await remoteVoiceNames(`${url}/v1`, never)).toEqual(names)
    expect(path).toBe('/v1/audio/voices')
  })

  it('are none when it is not there', async () => {
    expect(await remoteVoiceNames(`http://127.0.0.1:${await freePort()}`, never)).toEqual([])
  })
})
