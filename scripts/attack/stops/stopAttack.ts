import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TURN_FILE_NAME } from '../../../server/record/sqlite/store.ts'
import { answerOf, askText } from '../../../test/support/liveServer.ts'
import { type ScriptedServer, startScriptedServer } from '../../../test/support/scriptedServer/start.ts'
import { lostRows } from '../../../test/support/scriptedServer/trials.ts'
import type { Attack, Dice } from '../attack.ts'
import { handshake } from '../frames/wire.ts'

const STOPS_WITHIN_MS = 2000
const FEWEST_CLIENTS = 20
const MAX_MORE_CLIENTS = 80

/** What a client says that never closes its side: upgrades that are refused, nothing, a part of a request. */
const openings = [
  handshake({ origin: 'https://evil.test' }),
  handshake({ host: 'evil.test' }),
  handshake({ upgrade: 'h2c' }),
  handshake({}, 'GET /v1/nowhere HTTP/1.1'),
  Buffer.alloc(0),
  Buffer.from('GET /v1/voices HTTP/1.1\r\nHost: local'),
  Buffer.from(
    'POST /v1/turns HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
  ),
]

/**
 * SIGTERM to a server process on scripted engines, with connections open whose upgrades were refused or whose request is not
 * whole: it ends within 2 s, with code 0, its record closed, and the row of the turn before is there.
 */
export const stopAttack: Attack = {
  name: 'stops',
  description: 'Stops servers with refused upgrades that stay open',
  shortCount: 5,
  async start() {
    const folder = await mkdtemp(join(tmpdir(), 'quantvox-stops-'))
    return {
      async attempt(dice) {
        const server = await startScriptedServer(folder)
        const clients: Socket[] = []
        try {
          const { turnId } = await answerOf(askText(server.url, 'What is the time?'))
          clients.push(...(await openClients(server, dice)))
          const fromMs = performance.now()
          const code = await server.stop()
          const tookMs = performance.now() - fromMs
          const walPath = join(server.dataDir, `${TURN_FILE_NAME}-wal`)
          const [fault = null] = [
            ...(code === 0 ? [] : [`it ended with ${code}`]),
            ...(tookMs <= STOPS_WITHIN_MS ? [] : [`it took ${tookMs.toFixed(0)} ms`]),
            ...(existsSync(walPath) ? ['its record was not closed'] : []),
            ...(await lostRows(server, [turnId])),
          ]
          return { ending: `within ${Math.ceil(tookMs / 250) * 250} ms`, fault }
        } finally {
          for (const client of clients) client.destroy()
          server.child.kill('SIGKILL')
        }
      },
      stop: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
    }
  },
}

/** Those that were answered, or that wait to be. */
function openClients({ url }: ScriptedServer, dice: Dice): Promise<Socket[]> {
  const port = Number(new URL(url).port)
  return Promise.all(
    Array.from({ length: FEWEST_CLIENTS + dice.below(MAX_MORE_CLIENTS) }, () =>
      openClient(port, dice.oneOf(openings)),
    ),
  )
}

function openClient(port: number, opening: Buffer): Promise<Socket> {
  return new Promise(settle => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    for (const event of ['error', 'data', 'close']) socket.on(event, () => settle(socket))
    socket.on('connect', () => {
      socket.write(opening)
      if (!opening.toString().endsWith('\r\n\r\n')) settle(socket)
    })
  })
}
