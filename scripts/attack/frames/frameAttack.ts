import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Attack } from '../attack.ts'
import { deadAt, startTarget } from '../target.ts'
import { closeCases } from './closeCases.ts'
import { frameCases } from './frameCases.ts'
import { handshakeCases } from './handshakeCases.ts'
import { textCases } from './textCases.ts'
import { type Case, cutAcross } from './wire.ts'

const ANSWER_WITHIN_MS = 8000

/** What the server did with what was written: its HTTP status, its frames, whether it hung up. */
export type Reaction = {
  status: number
  texts: string[]
  pongs: string[]
  /** Of its close frame; null where none came. */
  closeCode: number | null
  hungUp: boolean
}

export const wireCases: Case[] = [...frameCases, ...textCases, ...closeCases, ...handshakeCases]

/**
 * Handshakes and frames over a raw connection, whole or cut into packets: what Autobahn's suite tries of a server's frames (its
 * sections 1 to 7), and handshakes that are to be refused.
 */
export const frameAttack: Attack = {
  name: 'frames',
  description: `Sends ${wireCases.length} kinds of raw handshakes and frames`,
  shortCount: 300,
  async start() {
    const { url, stop } = await startTarget()
    return {
      async attempt(dice) {
        const { name, bytes, expected } = dice.oneOf(wireCases)
        const reaction = await react(url, dice.below(2) === 0 ? [bytes] : cutAcross(bytes, dice))
        const wrong = expected(reaction) ?? (await deadAt(url))
        return {
          ending: `status ${reaction.status}, close code ${reaction.closeCode}`,
          fault: wrong === null ? null : `${name}: ${wrong}, with ${JSON.stringify(reaction).slice(0, 300)}`,
        }
      },
      stop,
    }
  },
}

/** What the server does on a new connection that brings these packets. */
export async function react(url: string, packets: Uint8Array[]): Promise<Reaction> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.setNoDelay(true)
  let received = Buffer.alloc(0)
  socket.on('data', data => {
    received = Buffer.concat([received, data])
  })
  // A server that has closed resets what is written after it.
  socket.on('error', () => {})
  const ended = once(socket, 'close')
    .then(() => true)
    .catch(() => true)
  for (const packet of packets) {
    if (socket.destroyed) break
    socket.write(packet)
    if (packets.length > 1) await sleep(1)
  }
  const late = new AbortController()
  const hungUp = await Promise.race([
    ended,
    finished(socket, () => received, late.signal),
    sleep(ANSWER_WITHIN_MS, false, { signal: late.signal }).catch(() => false),
  ])
  late.abort()
  socket.destroy()
  return { ...reactionIn(received), hungUp }
}

/** Cases that leave the connection open end by a ping of their own; its pong is the last that comes. */
async function finished(socket: Socket, received: () => Buffer, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted && !socket.destroyed) {
    if (reactionIn(received()).pongs.includes('end')) return false
    await sleep(10)
  }
  return true
}

function reactionIn(received: Buffer): Omit<Reaction, 'hungUp'> {
  const reaction: Omit<Reaction, 'hungUp'> = { status: 0, texts: [], pongs: [], closeCode: null }
  const headEnd = received.indexOf('\r\n\r\n')
  reaction.status = Number(/^HTTP\/1\.1 (\d+)/.exec(received.toString('latin1', 0, 20))?.[1] ?? 0)
  if (headEnd < 0 || reaction.status !== 101) return reaction
  for (let at = headEnd + 4; at + 2 <= received.length; ) {
    const opcode = (received[at] ?? 0) & 15
    let length = (received[at + 1] ?? 0) & 127
    let from = at + 2
    if (length === 126) {
      if (from + 2 > received.length) break
      length = received.readUInt16BE(from)
      from += 2
    }
    const payload = received.subarray(from, from + length)
    if (payload.length < length) break
    if (opcode === 1) reaction.texts.push(payload.toString())
    if (opcode === 10) reaction.pongs.push(payload.toString('latin1'))
    if (opcode === 8) reaction.closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : 1005
    at = from + length
  }
  return reaction
}
