import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { examineNetwork } from '../../../scripts/doctor/network/network.ts'
import { readConfig } from '../../../server/config.ts'
import { freePort } from '../../../server/engines/ports.ts'
import { startWyoming } from '../../support/wyoming/wyomingDoor.ts'

/** What the doctor says of the port for Home Assistant, as `state: found — mend`. */
async function wyomingAt(port: number | null, more: Record<string, string> = {}) {
  const flags = {
    PORT: `${await freePort()}`,
    ...(port === null ? {} : { WYOMING_PORT: `${port}` }),
    ...more,
  }
  const { config } = readConfig({ flags, environment: {}, dotEnv: {} })
  const found = (await examineNetwork(config)).find(({ what }) => what === 'wyoming')
  return found && `${found.state}: ${found.found} — ${found.mend}`
}

test('nothing is said of a port that is not set', async () => {
  expect(await wyomingAt(null)).toBeUndefined()
})

test('one that is free, and one where Wyoming is spoken, are fine', async () => {
  expect(await wyomingAt(await freePort())).toMatch(/^ok: 127\.0\.0\.1:\d+ is free — $/)
  expect(await wyomingAt((await startWyoming()).port)).toMatch(
    /^ok: Wyoming is spoken at 127\.0\.0\.1:\d+ — $/,
  )
})

test.each([
  ['another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['nothing', ''],
  ['another event', '{"type":"info"}\n'],
])('one where another program says %s is not', async (_what, answer) => {
  const other = createServer(socket => void socket.resume().end(answer))
  onTestFinished(() => void other.close())
  await once(other.listen(0, '127.0.0.1'), 'listening')
  const address = other.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  expect(await wyomingAt(address.port)).toMatch(
    /^wrong: 127\.0\.0\.1:\d+ cannot be used \(EADDRINUSE\) — .*WYOMING_PORT/,
  )
})

test('one that others reach is noted, as nothing protects it', async () => {
  const open = { HOST: '0.0.0.0', AUTH_TOKEN: 'sixteen-characters' }
  expect(await wyomingAt(await freePort(), open)).toMatch(
    /^note: 0\.0\.0\.0:\d+ is free, open to the network — .*firewall/,
  )
})
