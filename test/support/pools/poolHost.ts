import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type PoolHost = {
  /** Host and port. */
  address: string
  /** What was asked but checks, by path, in order. */
  asked: string[]
  /** Lets end what is being answered. */
  release(): void
  close(): Promise<void>
}

/**
 * An engine's host for a router: it has this model, is well, and answers every other request at once, or, with `held`, begins to answer and
 * ends when it is released.
 */
export async function startPoolHost(digest: string, held = false): Promise<PoolHost> {
  const asked: string[] = []
  const waiting: (() => void)[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    request.resume()
    if (path === '/health') return void response.end('{"status":"ok"}')
    if (path === '/api/tags') return void response.end(JSON.stringify({ models: [{ name: 'm', digest }] }))
    asked.push(path)
    if (!held || path === '/api/ps') return void response.end(JSON.stringify({ host: request.headers.host }))
    response.write('begun')
    waiting.push(() => response.end('ended'))
  })
  await new Promise<void>(settle => server.listen(0, '127.0.0.1', settle))
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    release: () => waiting.splice(0).forEach(end => void end()),
    close: () =>
      new Promise(settle => {
        server.close(() => settle())
        server.closeAllConnections()
      }),
  }
}
