import { createServer } from 'node:net'
import { patiently, untilAborted } from '../../abort.ts'
import { createGate } from '../../engines/gate.ts'
import { QuantvoxError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { type Connection, type Patience, serveConnection, usualPatience } from './connection.ts'
import type { RequestDependencies } from './requests.ts'

/** Home Assistant opens one for each request, and one every 30 s to see whether the server is there. */
const MAX_CONNECTIONS = 32
/** Longest wait for a place among the requests that are worked on. */
const PLACE_WITHIN_MS = 60_000

export type WyomingDependencies = Omit<RequestDependencies, 'inPlace'> & {
  /** Requests at once that ask models for something; more wait. */
  maxTurns: number
}

export type Wyoming = ReturnType<typeof createWyoming>

/** The Wyoming protocol over TCP: what hears, what speaks and what answers, for Home Assistant. It knows no authentication. */
export function createWyoming(
  { maxTurns, ...dependencies }: WyomingDependencies,
  log: Log,
  patience: Patience = usualPatience,
) {
  const open = new Set<Connection>()
  const gate = createGate(() => maxTurns)

  async function inPlace<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const place = await patiently(PLACE_WITHIN_MS, signal, crowded, until => gate.enter('', until))
    try {
      return await work()
    } finally {
      place.leave()
    }
  }
  const crowded = () =>
    new QuantvoxError('at_capacity', `${maxTurns} requests are under way already.`, {
      mend: 'Try again in a moment, or raise MAX_SESSIONS.',
    })

  const server = createServer({ allowHalfOpen: true }, socket => {
    const connection = serveConnection(socket, { ...dependencies, inPlace, patience }, log)
    if (open.size >= MAX_CONNECTIONS) {
      connection.fail(
        new QuantvoxError('at_capacity', `${MAX_CONNECTIONS} connections are open already.`, {
          mend: 'Hang up when a request is answered.',
        }),
      )
      return
    }
    open.add(connection)
    void connection.over.then(() => open.delete(connection))
  })

  // Those that are refused are told so, which takes them a moment; beyond as many there is not even that.
  server.maxConnections = 2 * MAX_CONNECTIONS

  return {
    /** Settles with the port once it listens; rejects with the system's error. */
    listen(host: string, port: number): Promise<number> {
      return new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, () => {
          server.removeListener('error', reject)
          server.on('error', error => log.error({ err: error }, 'Wyoming does not take a connection'))
          const address = server.address()
          resolve(typeof address === 'object' && address !== null ? address.port : port)
        })
      })
    },
    /** Takes no more connections and lets requests under way end until `over` aborts; then they are interrupted. */
    async close(over: AbortSignal): Promise<void> {
      server.close()
      for (const connection of open) connection.finish()
      const ended = () => Promise.all([...open].map(connection => connection.over))
      await untilAborted(ended(), over).catch(() => {})
      const error = new QuantvoxError('shutting_down', 'The server is shutting down.')
      for (const connection of open) connection.fail(error)
      await ended()
    },
    /** Cuts every connection, whatever it does. */
    hangUp(): void {
      for (const connection of open) connection.cut()
    },
  }
}
