import { createServer, type IncomingMessage, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'

export type ProxyOptions = {
  /** Port of the server behind it. */
  to: number
  /** Passed on without it, as `location /path/ { proxy_pass http://...:port/; }` does. */
  path?: string
  /** False: an upgrade is passed on as any other request, as by a proxy that nobody told of WebSockets. */
  webSockets?: boolean
}

/** A reverse proxy as people have them in front of the server. */
export async function startProxy({ to, path = '', webSockets = true }: ProxyOptions) {
  const behind = ({ url = '/' }: IncomingMessage) =>
    url.startsWith(`${path}/`) ? url.slice(path.length) : null
  const proxy = createServer((asked, answer) => {
    const url = behind(asked)
    if (url === null) return void answer.writeHead(404).end()
    const { upgrade, connection, ...headers } = asked.headers
    const passed = request(
      { port: to, host: '127.0.0.1', path: url, method: asked.method, headers },
      given => {
        answer.writeHead(given.statusCode ?? 502, given.headers)
        given.pipe(answer)
      },
    )
    passed.on('error', () => answer.destroy())
    answer.on('close', () => passed.destroy())
    asked.pipe(passed)
  })
  if (webSockets)
    proxy.on('upgrade', (asked, socket, head) => {
      const url = behind(asked)
      if (url === null) return void socket.destroy()
      const passed = connect(to, '127.0.0.1', () => {
        const { rawHeaders } = asked
        const lines = rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${rawHeaders[i + 1]}`] : []))
        passed.write(`GET ${url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
        passed.write(head)
        passed.pipe(socket).pipe(passed)
      })
      for (const end of [passed, socket])
        end.on('error', () => passed.destroy()).on('error', () => socket.destroy())
    })
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve))
  const { port } = proxy.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}${path}/`,
    async stop() {
      proxy.closeAllConnections()
      await new Promise(resolve => proxy.close(resolve))
    },
  }
}
