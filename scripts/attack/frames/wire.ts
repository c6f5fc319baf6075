import type { Dice } from '../attack.ts'
import type { Reaction } from './frameAttack.ts'

/** Bytes to write on a new connection, and what is wrong with the reaction to them. */
export type Case = { name: string; bytes: Uint8Array; expected: (reaction: Reaction) => string | null }

export const CONTINUATION = 0
export const TEXT = 1
export const BINARY = 2
export const CLOSE = 8
export const PING = 9
export const PONG = 10
const FIN = 0x80
const MASKED = 0x80

type FrameOptions = { fin?: boolean; reserved?: number; masked?: boolean; announced?: bigint }

/** One frame of a client; `announced` is the length that it claims, in eight bytes. */
export function frame(opcode: number, payload: string | Uint8Array = '', options: FrameOptions = {}): Buffer {
  const { fin = true, reserved = 0, masked = true, announced } = options
  const data = Buffer.from(payload as Uint8Array)
  const mask = masked ? MASKED : 0
  const first = (fin ? FIN : 0) | (reserved << 4) | opcode
  let head: Buffer
  if (announced !== undefined) {
    head = Buffer.from([first, mask | 127, ...Array<number>(8).fill(0)])
    head.writeBigUInt64BE(announced, 2)
  } else if (data.length < 126) head = Buffer.from([first, mask | data.length])
  else if (data.length < 65_536) head = Buffer.from([first, mask | 126, data.length >> 8, data.length & 255])
  else {
    head = Buffer.from([first, mask | 127, ...Array<number>(8).fill(0)])
    head.writeBigUInt64BE(BigInt(data.length), 2)
  }
  if (!masked) return Buffer.concat([head, data])
  const key = [0x12, 0x34, 0x56, 0x78]
  return Buffer.concat([head, Buffer.from(key), data.map((byte, at) => byte ^ (key[at % 4] as number))])
}

/** The request of a client, changed: a header by its name, null for none. */
export function handshake(
  change: Record<string, string | null> = {},
  first = 'GET /v1/voice HTTP/1.1',
): Buffer {
  const headers: Record<string, string | null> = {
    host: 'localhost',
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-version': '13',
    ...change,
  }
  const lines = Object.entries(headers).filter(([, value]) => value !== null)
  return Buffer.from(`${[first, ...lines.map(([name, value]) => `${name}: ${value}`)].join('\r\n')}\r\n\r\n`)
}

/** The same bytes in packets of random lengths, some 60 of them. */
export function cutAcross(bytes: Uint8Array, dice: Dice): Uint8Array[] {
  const packets: Uint8Array[] = []
  const longest = Math.ceil(bytes.length / 30)
  for (let at = 0; at < bytes.length; ) {
    const to = at + 1 + dice.below(longest)
    packets.push(bytes.subarray(at, to))
    at = to
  }
  return packets
}
