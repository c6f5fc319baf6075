import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export type MoonshineRequest = { draft: string; audioMs: number }

/** Answers as our Moonshine engine does: the texts in turn, the last one again and again. */
export async function startFakeMoonshine(texts: string[], { logProbability = -0.1, delayMs = 0 } = {}) {
  const requests: MoonshineRequest[] = []
  const server = createServer(async (request, response) => {
    let bytes = 0
    for await (const part of request) bytes += part.length
    const text = texts[Math.min(requests.length, texts.length - 1)] ?? ''
    const draft = new URL(request.url ?? '', 'http://localhost').searchParams.get('draft') ?? ''
    requests.push({ draft, audioMs: bytes / 32 })
    await sleep(delayMs)
    const tokens = text.split(/\s+/).map((_, index) => 100 + index)
    const logProbabilities = tokens.map(() => logProbability)
    response.end(JSON.stringify({ text, tokens, logProbabilities, draftKept: 0, encodeMs: 1, decodeMs: 1 }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    stop: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
