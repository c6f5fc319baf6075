import { createServer } from 'node:net'

/** Ports handed out by this process: two engines that start at the same moment never get the same one. */
const handedOut = new Set<number>()

/**
 * A TCP port of 127.0.0.1 that nobody listens on. Another program may still take it before the engine does; the
 * engine then exits and its supervisor tries again with another port.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await new Promise<number>((resolve, reject) => {
      const server = createServer()
      server.once('error', reject)
      server.listen(0, '127.0.0.1', () => {
        const address = server.address()
        server.close(() => {
          if (address !== null && typeof address === 'object') resolve(address.port)
          else reject(new Error('The system gave no port.'))
        })
      })
    })
    if (handedOut.has(port)) continue
    handedOut.add(port)
    setTimeout(() => handedOut.delete(port), 60_000).unref()
    return port
  }
}
