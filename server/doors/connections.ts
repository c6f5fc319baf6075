import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { QuantvoxError } from '../errors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Cuts every connection, whatever it does. */
    hangUp(): void
    /** The server closes: what is under way may end, and nothing else begins. */
    isDraining(): boolean
  }
  interface FastifyContextConfig {
    /** Answers while the server closes, too: who watches it wants to see that. */
    whileDraining?: boolean
  }
}

/** While the server closes, a connection on which no request comes for so long, or nothing more of one, is cut. */
const PATIENCE_MS = 500

/** Set by a balancer (docs/operations/haproxy.cfg) that asks another server where this one stops, and makes 503 of the status again. */
const EDGE_HEADER = 'x-quantvox-edge'
/**
 * Too Early (RFC 8470): nothing was done. A 503 may be of a turn that had begun, and called tools before it failed; a balancer that cannot
 * tell the two apart would have it done again.
 */
const NOTHING_BEGUN = 425

type Peer = { remoteAddress?: string | undefined; remotePort?: number | undefined }

/** TLS has a socket of its own above the connection's; the peer's address is common to both. */
const peerOf = ({ remoteAddress, remotePort }: Peer) => `${remoteAddress} ${remotePort}`

/**
 * What is open at the port, and its end: when the server closes, requests and sockets under way go on, new ones are refused with
 * `shutting_down`, and a connection without either, on which nothing comes or nothing more of a request, holds nothing up.
 */
async function endingConnections(app: FastifyInstance): Promise<void> {
  const connections = new Map<string, Socket>()
  const serving = new Map<string, number>()
  const latest = new WeakMap<Socket, IncomingMessage>()
  /** The HTTP server has let go of their connections, so a refused one ends here. */
  const upgrades = new WeakMap<IncomingMessage, Duplex>()
  let closing = false

  function hangUpUnlessServing(peer: string): void {
    const socket = connections.get(peer)
    const request = socket && latest.get(socket)
    const cameBefore = request?.socket.bytesRead
    setTimeout(() => {
      if (!serving.has(peer)) socket?.destroy()
      else if (request?.complete !== false) return
      else if (request.socket.bytesRead === cameBefore) socket?.destroy()
      else hangUpUnlessServing(peer)
    }, PATIENCE_MS).unref()
  }
  const serve = (peer: string, until: ServerResponse | Duplex) => {
    serving.set(peer, (serving.get(peer) ?? 0) + 1)
    until.once('close', () => {
      const left = (serving.get(peer) ?? 1) - 1
      if (left > 0) serving.set(peer, left)
      else serving.delete(peer)
    })
  }
  app.server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket)
    connections.set(peer, socket)
    socket.once('close', () => connections.delete(peer))
    if (closing) hangUpUnlessServing(peer)
  })
  app.server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    const peer = peerOf(request.socket)
    serve(peer, response)
    const socket = connections.get(peer)
    if (socket) latest.set(socket, request)
    // Who asked for another protocol and did not get it has nothing more to say here.
    if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false
  })
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    serve(peerOf(socket as Socket), socket)
    upgrades.set(request, socket)
  })

  app.decorate('hangUp', () => {
    for (const socket of connections.values()) socket.destroy()
  })
  app.addHook('preClose', async () => {
    closing = true
    for (const peer of connections.keys()) hangUpUnlessServing(peer)
  })
  app.decorate('isDraining', () => closing)
  const forAnother = new WeakSet<IncomingMessage>()
  app.addHook('onRequest', async request => {
    if (!closing || request.routeOptions.config.whileDraining) return
    if (request.headers[EDGE_HEADER] !== undefined) forAnother.add(request.raw)
    throw new QuantvoxError('shutting_down', 'The server is shutting down.', { retryAfterSeconds: 5 })
  })
  app.addHook('onSend', async (request, reply) => {
    if (forAnother.has(request.raw)) reply.code(NOTHING_BEGUN)
  })
  // Fastify hangs up on idle connections as it begins to close; those that become idle later would hold it up.
  app.addHook('onResponse', async request => {
    upgrades.get(request.raw)?.destroy()
    if (closing) setImmediate(() => app.server.closeIdleConnections())
  })
}

export default fp(endingConnections, { name: 'connections', fastify: '5.x' })
