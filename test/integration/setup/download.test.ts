import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { QuantvoxError } from '../../../server/errors.ts'
import { type Download, type DownloadTimes, download } from '../../../server/setup/download.ts'
import { SourceFailure } from '../../../server/setup/failures.ts'
import type { Progress, SetupContext } from '../../../server/setup/types.ts'
import { close, listen } from '../../support/setup/localServer.ts'

const content = randomBytes(300_000)
const sha256 = createHash('sha256').update(content).digest('hex')
const etag = '"version-1"'
/** Long enough for a busy machine; what waits for them to pass takes short ones. */
const times: DownloadTimes = { connectMs: 10_000, stallMs: 10_000, backOffMs: 5, tries: 3 }
const shortTimes: DownloadTimes = { ...times, connectMs: 1000, stallMs: 1000 }

type Handler = (request: IncomingMessage, response: ServerResponse, call: number) => void

let cacheDir: string
let server: Server
let handler: Handler
let requests: IncomingMessage[]
let progress: Progress[]
let url: string

beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'download-'))
  requests = []
  progress = []
  server = createServer((request, response) => {
    requests.push(request)
    handler(request, response, requests.length)
  })
  url = `${await listen(server)}/model.bin`
})

afterEach(async () => {
  await close(server)
  await rm(cacheDir, { recursive: true, force: true })
})

const destination = () => join(cacheDir, 'model.bin')
const wanted = (change: Partial<Download> = {}): Download => ({
  item: 'model',
  url,
  destination: destination(),
  sizeBytes: content.length,
  sha256,
  ...change,
})
const context = (signal = new AbortController().signal): SetupContext => ({
  cacheDir,
  signal,
  onProgress: step => progress.push(step),
})
const get = (change: Partial<Download> = {}, within = times) => download(wanted(change), context(), within)

/** Answers as a file server that knows ranges does. */
function serve(request: IncomingMessage, response: ServerResponse, body = content, tag = etag): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  const continues = start > 0 && request.headers['if-range'] === tag
  const rest = continues ? body.subarray(start) : body
  response.writeHead(continues ? 206 : 200, {
    etag: tag,
    'content-length': rest.length,
    ...(continues ? { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` } : {}),
  })
  response.end(rest)
}

const whole: Handler = (request, response) => serve(request, response)

/** Announces everything, sends some of it and hangs up. */
function breakOff(response: ServerResponse, sentBytes: number, from = 0): void {
  response.writeHead(from > 0 ? 206 : 200, {
    etag,
    'content-length': content.length - from,
    ...(from > 0 ? { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` } : {}),
  })
  // Time for a busy client to read it: what it has not read when the line breaks is lost to it.
  response.write(content.subarray(from, from + sentBytes), () => setTimeout(() => response.destroy(), 300))
}

async function expectNothingLeft(): Promise<void> {
  expect(existsSync(destination())).toBe(false)
  expect(await readdir(join(cacheDir, 'downloads'))).toEqual([])
}

describe('a download', () => {
  it('arrives whole, is checked, and leaves nothing beside it', async () => {
    handler = whole
    expect(await get()).toEqual({ sha256, sizeBytes: content.length })
    expect(readFileSync(destination()).equals(content)).toBe(true)
    expect(await readdir(join(cacheDir, 'downloads'))).toEqual([])
  })

  it('tells how far it has come, never backwards, up to the whole', async () => {
    handler = whole
    await get()
    const steps = progress.filter(step => step.status === 'downloading')
    const bytes = steps.map(step => step.completedBytes ?? -1)
    expect(bytes).toEqual([...bytes].sort((a, b) => a - b))
    expect(steps.at(-1)).toMatchObject({ completedBytes: content.length, totalBytes: content.length })
  })

  it('goes on where it broke off, asking only for the rest of the same version', async () => {
    handler = (request, response, call) =>
      call === 1 ? breakOff(response, 100_000) : serve(request, response)
    await get()
    expect(readFileSync(destination()).equals(content)).toBe(true)
    expect(requests).toHaveLength(2)
    expect(requests[1]?.headers).toMatchObject({ range: 'bytes=100000-', 'if-range': etag })
  })

  it('goes on after this process was stopped and started again', async () => {
    handler = (_request, response) => breakOff(response, 100_000)
    const abort = new AbortController()
    const first = download(
      wanted(),
      {
        ...context(abort.signal),
        onProgress: ({ completedBytes }) => {
          if (completedBytes === 100_000) abort.abort()
        },
      },
      times,
    )
    await expect(first).rejects.toThrow(/abort/i)
    expect(existsSync(destination())).toBe(false)
    handler = whole
    requests = []
    await get()
    expect(requests.map(request => request.headers.range)).toEqual(['bytes=100000-'])
    expect(readFileSync(destination()).equals(content)).toBe(true)
  })

  it('starts over when the file changed on the server meanwhile', async () => {
    const newer = randomBytes(200_000)
    handler = (request, response, call) =>
      call === 1 ? breakOff(response, 100_000) : serve(request, response, newer, '"version-2"')
    await get({ sizeBytes: newer.length, sha256: createHash('sha256').update(newer).digest('hex') })
    expect(readFileSync(destination()).equals(newer)).toBe(true)
  })

  it('starts over when what was resumed turns out not to fit together', async () => {
    let call = 0
    handler = (request, response) => {
      call++
      if (call === 1) breakOff(response, 100_000)
      else if (call === 2) {
        // A server that ignores If-Range and continues with another file.
        const other = Buffer.alloc(content.length - 100_000, 1)
        response.writeHead(206, {
          'content-range': `bytes 100000-${content.length - 1}/${content.length}`,
          'content-length': other.length,
        })
        response.end(other)
      } else serve(request, response)
    }
    await get()
    expect(readFileSync(destination()).equals(content)).toBe(true)
    expect(requests[2]?.headers.range).toBeUndefined()
  })

  it('gives up on a body that keeps breaking off at the same place, and keeps the part', async () => {
    handler = (request, response) =>
      breakOff(response, 0, Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0))
    await expect(get()).rejects.toThrow(new SourceFailure('the download broke off (3 times)'))
    expect(requests).toHaveLength(3)
    expect(existsSync(destination())).toBe(false)
  })

  it('does not give up on a line that breaks often while bytes keep coming', async () => {
    handler = (request, response) => {
      const start = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0)
      breakOff(response, 40_000, start)
    }
    await get()
    expect(readFileSync(destination()).equals(content)).toBe(true)
    expect(requests.length).toBeGreaterThan(times.tries)
  })

  it('that stalls is broken off and resumed', async () => {
    handler = (request, response, call) => {
      if (call > 1) return serve(request, response)
      response.writeHead(200, { etag, 'content-length': content.length })
      response.write(content.subarray(0, 50_000))
      return undefined
    }
    await get({}, shortTimes)
    expect(requests[1]?.headers.range).toBe('bytes=50000-')
    expect(readFileSync(destination()).equals(content)).toBe(true)
  })

  it('with the wrong hash fails once, is thrown away and never reaches its place', async () => {
    handler = (request, response) => serve(request, response, Buffer.alloc(content.length, 7))
    await expect(get()).rejects.toThrow(/the sha256 is .*… was expected/)
    expect(requests).toHaveLength(1)
    await expectNothingLeft()
  })

  it('that is too long is stopped, so that no server can fill the disk', async () => {
    handler = (_request, response) => {
      response.writeHead(200)
      const pour = () => {
        while (response.writable && response.write(Buffer.alloc(65_536))) {}
        response.once('drain', pour)
      }
      pour()
    }
    await expect(get()).rejects.toThrow(/more than the expected 300000 bytes/)
    await expectNothingLeft()
  })

  it('that is too short although the server calls it whole fails', async () => {
    handler = (request, response) => serve(request, response, content.subarray(0, 1000))
    await expect(get()).rejects.toThrow('1000 bytes came, 300000 were expected')
    await expectNothingLeft()
  })

  it('that is not there fails at once with the status', async () => {
    handler = (_request, response) => response.writeHead(404).end('no such file')
    await expect(get()).rejects.toThrow(new SourceFailure('the server answered 404'))
    expect(requests).toHaveLength(1)
    await expectNothingLeft()
  })

  it('is tried again when the server is out of order for a moment', async () => {
    handler = (request, response, call) =>
      call < 3 ? void response.writeHead(503).end() : serve(request, response)
    await get()
    expect(readFileSync(destination()).equals(content)).toBe(true)
  })

  it('from a server that accepts the connection but never answers fails after the time for it, once', async () => {
    handler = () => {}
    await expect(get({}, shortTimes)).rejects.toThrow(new SourceFailure('no answer in time'))
    expect(requests).toHaveLength(1)
  })

  it('from a port where nothing listens and from a name that does not exist fails in words', async () => {
    await expect(get({ url: 'http://127.0.0.1:1/x' })).rejects.toThrow(/refused|cannot be reached/)
    await expect(get({ url: 'http://nowhere.invalid/x' })).rejects.toThrow(
      /cannot be resolved|cannot be reached/,
    )
  })

  it('stops when it is aborted', async () => {
    const abort = new AbortController()
    handler = (_request, response) => {
      response.writeHead(200, { 'content-length': content.length })
      response.write(content.subarray(0, 1000), () => abort.abort(new Error('the user left')))
    }
    await expect(download(wanted(), context(abort.signal), times)).rejects.toThrow('the user left')
    expect(existsSync(destination())).toBe(false)
  })

  it.skipIf(process.platform !== 'linux')(
    'onto a full disk says which directory is full and what mends it',
    async () => {
      const downloads = join(cacheDir, 'downloads')
      await mkdir(downloads)
      // Every write to /dev/full fails with ENOSPC, as on a full disk.
      const part = `${createHash('sha256').update(url).digest('hex').slice(0, 16)}.part`
      await symlink('/dev/full', join(downloads, part))
      // 206 from byte 0 is a legal answer that leaves the part in its place.
      handler = (_request, response) => {
        response.writeHead(206, { etag, 'content-range': `bytes 0-${content.length - 1}/${content.length}` })
        response.end(content)
      }
      const failure = await get().catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(QuantvoxError)
      expect(failure).toMatchObject({ code: 'engine_unavailable' })
      expect((failure as QuantvoxError).line).toMatch(/disk is full.*downloads.*CACHE_DIR/)
      expect(existsSync(destination())).toBe(false)
    },
  )
})
