import { setTimeout as sleep } from 'node:timers/promises'
import { Compile } from 'typebox/schema'
import { errorTable } from '../../../server/errors.ts'
import { clientMessages } from '../../../server/protocol/socketClient.ts'
import { ServerMessage } from '../../../server/protocol/socketServer.ts'
import type { Attack, Dice } from '../attack.ts'
import { broken, brokenJson, chance, type Schema, valueFor } from '../broken.ts'
import { deadAt, startTarget } from '../target.ts'

const serverMessage = Compile(ServerMessage)
const schemas = Object.values(clientMessages) as Schema[]
/** In a case, over as many sockets as it takes: the rate that the server allows, below which it closes none for it. */
const MESSAGES = 25
const CLOSES_WITHIN_MS = 10_000
/** What the server may close with: what the protocol of WebSockets has, and the errors' own codes. */
const closeCodes = new Set([
  ...[1000, 1002, 1005, 1007, 1008, 1009],
  ...Object.values(errorTable)
    .map(({ close }) => close)
    .filter(close => close !== null && close !== errorTable.internal.close),
])

/**
 * Sessions that say messages made from the schemas and broken, and frames that are no audio, between valid ones: no answer is
 * `internal` or outside the protocol, and every socket closes with a code that is known.
 */
export const messageAttack: Attack = {
  name: 'messages',
  description: `Says ${MESSAGES} messages in live sessions, broken by their schemas`,
  shortCount: 100,
  async start() {
    const { url, stop } = await startTarget()
    return {
      async attempt(dice) {
        const codes: (number | null)[] = []
        const faults: string[] = []
        for (let left = MESSAGES; left > 0 && faults.length === 0; ) {
          const session = await attackSession(url, left, dice)
          left -= session.said
          codes.push(session.code)
          faults.push(...session.faults)
        }
        const [fault = await deadAt(url)] = faults
        return { ending: `closed with ${codes.at(-1)}`, fault }
      },
      stop,
    }
  },
}

async function attackSession(
  url: string,
  count: number,
  dice: Dice,
): Promise<{ said: number; code: number | null; faults: string[] }> {
  const faults: string[] = []
  const sent: (string | Uint8Array)[] = []
  const about = () => ` after ${JSON.stringify(sent.slice(-5).map(one => one.slice(0, 200)))}`
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/voice`)
  socket.binaryType = 'arraybuffer'
  const closed = Promise.withResolvers<number>()
  socket.addEventListener('close', ({ code }) => closed.resolve(code))
  socket.addEventListener('message', ({ data }) => {
    if (typeof data !== 'string') return
    const message: unknown = JSON.parse(data)
    if (!serverMessage.Check(message)) faults.push(`not in the protocol: ${data.slice(0, 200)}${about()}`)
    else if (message.type === 'error' && message.code === 'internal') faults.push(`internal${about()}`)
  })
  const opened = await new Promise<boolean>(settle => {
    socket.addEventListener('open', () => settle(true))
    socket.addEventListener('error', () => settle(false))
  })
  if (!opened) return { said: 0, code: null, faults: ['no socket was opened'] }
  const mode = dice.oneOf(['hands-free', 'push-to-talk'])
  const start = { type: 'start', protocol: 1, sampleRate: 16_000, mode }
  for (let number = 0; number < count && socket.readyState === WebSocket.OPEN; number++) {
    const next = number === 0 && chance(dice, 0.8) ? JSON.stringify(start) : nextFrame(dice)
    sent.push(next)
    socket.send(next as string)
    if (chance(dice, 0.3)) await sleep(dice.below(10))
  }
  socket.close()
  const late = new AbortController()
  const code = await Promise.race([
    closed.promise,
    sleep(CLOSES_WITHIN_MS, null, { signal: late.signal }).catch(() => null),
  ])
  late.abort()
  if (code === null) faults.push(`the socket did not close${about()}`)
  else if (!closeCodes.has(code)) faults.push(`closed with ${code}${about()}`)
  return { said: sent.length, code, faults }
}

/** A third valid, so that sessions get somewhere. */
function nextFrame(dice: Dice): string | Uint8Array {
  if (chance(dice, 0.15)) {
    const bytes = dice.oneOf([0, 1, 639, 640, 6400, 6402, 20_000, 262_144, 262_145])
    return Uint8Array.from({ length: bytes }, () => dice.below(256))
  }
  const message = valueFor(dice.oneOf(schemas), dice)
  return chance(dice, 0.4) ? JSON.stringify(message) : brokenJson(broken(message, dice), dice)
}
