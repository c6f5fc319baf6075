import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { createMcpHandler } from '@modelcontextprotocol/server'
import { house } from './house.ts'

/** The house over HTTP, stateless, where the key is right. Gives its address. */
export async function httpHouse(key: string): Promise<{ url: string; close(): Promise<void> }> {
  const handler = createMcpHandler(house)
  const server = createServer(async (request, response) => {
    if (request.headers.authorization !== `Bearer ${key}`) {
      response.writeHead(401).end()
      return
    }
    const chunks: Buffer[] = await request.toArray()
    const headers = new Headers(request.headers as Record<string, string>)
    const body = request.method === 'POST' ? { body: Buffer.concat(chunks) } : {}
    const answer = await handler.fetch(
      new Request(`http://localhost${request.url}`, { method: request.method ?? 'GET', headers, ...body }),
    )
    response.writeHead(answer.status, Object.fromEntries(answer.headers))
    if (answer.body === null) response.end()
    else Readable.fromWeb(answer.body as never).pipe(response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
