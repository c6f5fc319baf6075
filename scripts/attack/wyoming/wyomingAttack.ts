import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { usualPatience } from '../../../server/doors/wyoming/connection.ts'
import { createWyoming } from '../../../server/doors/wyoming/door.ts'
import { createEventReader, eventBytes, type WyomingEvent } from '../../../server/doors/wyoming/framing.ts'
import { clientEvents } from '../../../server/doors/wyoming/messages.ts'
import { errorTable } from '../../../server/errors.ts'
import { quietLog } from '../../../test/support/quietLog.ts'
import { makeDependencies } from '../../../test/support/wyoming/dependencies.ts'
import type { Attack, Dice } from '../attack.ts'
import { broken, brokenJson, chance, type Schema, valueFor } from '../broken.ts'

const shapes = Object.entries(clientEvents) as [string, Schema][]
const MOST_EVENTS = 12
const ANSWERS_WITHIN_MS = 20_000
/** What goes back: nothing else is of the protocol. */
const answered = /^(info|pong|error|transcript|audio|synthesize|handled)(-|$)/

/**
 * Connections to the Wyoming door that send events, some broken: in their data, in their JSON, in the lengths that they give,
 * cut anywhere. What goes back is of the protocol and never `internal`, an error is the last of it, and the next client is served.
 */
export const wyomingAttack: Attack = {
  name: 'wyoming',
  description: `Sends up to ${MOST_EVENTS} Wyoming events, whole or broken, cut anywhere`,
  shortCount: 200,
  async start() {
    const made = await makeDependencies({ recognizeMs: 0, firstTokenMs: 0, tokenMs: 0 })
    const log = quietLog()
    const door = createWyoming(made.dependencies, log, usualPatience)
    const port = await door.listen('127.0.0.1', 0)
    return {
      async attempt(dice) {
        const sent = Buffer.concat(Array.from({ length: 1 + dice.below(MOST_EVENTS) }, () => eventOf(dice)))
        const first = await converse(port, sent, dice)
        const next = await converse(port, eventBytes('describe'), dice)
        const [failure] = log.lines.splice(0).filter(({ level }) => level === 'error')
        const fault =
          faultIn(first) ??
          (next.at(-1)?.type === 'info' ? null : 'the next client is not served') ??
          (failure === undefined ? null : `logged as an error: ${JSON.stringify(failure)}`)
        const ending = first.at(-1)?.type ?? 'nothing'
        return { ending: ending === 'error' ? `error ${first.at(-1)?.data.code}` : ending, fault }
      },
      async stop() {
        await door.close(AbortSignal.timeout(0))
        await made.stop()
      },
    }
  },
}

function faultIn(heard: readonly WyomingEvent[]): string | null {
  const strange = heard.find(({ type }) => !answered.test(type))
  if (strange !== undefined) return `"${strange.type}" is not of the protocol`
  const at = heard.findIndex(({ type }) => type === 'error')
  if (at === -1) return null
  const code = String(heard[at]?.data.code)
  if (code === 'internal' || !Object.hasOwn(errorTable, code)) return `error ${code}`
  return at === heard.length - 1 ? null : 'something came after the error'
}

/** What comes back until the server hangs up, which it is asked to by the end of what is sent. @throws where it does not */
async function converse(port: number, bytes: Buffer, dice: Dice): Promise<WyomingEvent[]> {
  const socket: Socket = connect(port, '127.0.0.1')
  const heard: WyomingEvent[] = []
  const reader = createEventReader()
  socket.on('error', () => {})
  socket.on('data', chunk => heard.push(...reader.push(chunk)))
  const closed = new Promise<true>(settle => socket.on('close', () => settle(true)))
  for (let at = 0; at < bytes.length && socket.writable; ) {
    const length = dice.oneOf([1, 7, 100, 3000, 60_000])
    socket.write(bytes.subarray(at, at + length))
    at += length
    if (chance(dice, 0.1)) await sleep(1)
  }
  socket.end()
  const late = new AbortController()
  const over = await Promise.race([
    closed,
    sleep(ANSWERS_WITHIN_MS, false, { signal: late.signal }).catch(() => false),
  ])
  late.abort()
  socket.destroy()
  if (!over) throw new Error(`the server did not hang up after ${bytes.subarray(0, 1000).toString('latin1')}`)
  return heard
}

/** One event as it is on the wire, or nearly. */
function eventOf(dice: Dice): Buffer {
  const [type, schema] = dice.oneOf(shapes)
  const right = valueFor(schema, dice)
  const payload = Buffer.alloc(chance(dice, 0.5) ? 0 : dice.oneOf([1, 2, 640, 6400, 50_000]), dice.below(256))
  if (chance(dice, 0.85)) return eventBytes(type, right as object, payload)
  const data = Buffer.from(brokenJson(broken(right, dice), dice))
  const line = broken(
    { type, version: '1.0.0', data_length: data.length, payload_length: payload.length },
    dice,
  )
  const head = chance(dice, 0.5)
    ? JSON.stringify({ type, data_length: data.length, payload_length: payload.length })
    : brokenJson(line, dice)
  return Buffer.concat([Buffer.from(`${head}\n`), data, payload])
}
