/**
 * One Moonshine level in a process of its own, because running it holds up the event loop. Answers on loopback, below a path that
 * only our server knows, and only when the model is loaded: `GET health`, and `POST decode?draft=1,2,3` with 16-bit little-endian
 * samples at 16 kHz. A client that leaves is noticed between two tokens.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { parseArgs } from 'node:util'
import { fromBytes, toFloat32 } from '../../audio/pcm.ts'
import { loadMoonshine } from './model.ts'

/** More than 30 s, which is all that one decoding is asked for. */
const MAX_BODY_BYTES = 2 ** 21

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    'request-path': { type: 'string' },
    model: { type: 'string' },
    threads: { type: 'string' },
  },
})
const basePath = values['request-path'] ?? ''
const model = await loadMoonshine(values.model ?? '', Number(values.threads))
// What was read of the file is many megabytes, and nobody needs it any more.
globalThis.gc?.()

async function decode(request: IncomingMessage, response: ServerResponse, draft: number[]): Promise<void> {
  const left = new AbortController()
  response.once('close', () => left.abort())
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length
    if (length > MAX_BODY_BYTES) return void response.writeHead(413).end()
    parts.push(part)
  }
  const answer = await model.transcribe(toFloat32(fromBytes(Buffer.concat(parts))), draft, left.signal)
  response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
}

const draftOf = (url: URL) => (url.searchParams.get('draft') ?? '').split(',').filter(Boolean).map(Number)

createServer((request, response) => {
  const url = new URL(request.url ?? '', 'http://localhost')
  if (url.pathname === `${basePath}/health`) return void response.end()
  if (url.pathname !== `${basePath}/decode` || request.method !== 'POST')
    return void response.writeHead(404).end()
  decode(request, response, draftOf(url)).catch((error: Error) => {
    if (!response.destroyed) response.writeHead(500).end(error.message)
  })
}).listen(Number(values.port), '127.0.0.1')
