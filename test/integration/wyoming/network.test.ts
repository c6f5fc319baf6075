import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { wyomingOf } from '../../../server/assembly/wyoming.ts'
import { readConfig } from '../../../server/config.ts'
import { freePort } from '../../../server/engines/ports.ts'
import { quietLog } from '../../support/quietLog.ts'
import { wyomingDependencies } from '../../support/wyoming/wyomingDoor.ts'

async function start(flags: Record<string, string>) {
  const { config } = readConfig({ flags, environment: {}, dotEnv: {} })
  const log = quietLog()
  const { dependencies } = await wyomingDependencies()
  const wyoming = wyomingOf(config, dependencies, log)
  onTestFinished(() => wyoming.close())
  await wyoming.listen()
  return { wyoming, levels: log.lines.filter(({ fields }) => 'port' in fields).map(({ level }) => level) }
}

/** Whether anybody listens there. */
const isOpen = (port: number) =>
  new Promise<boolean>(settle => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      settle(true)
    })
    socket.on('error', () => settle(false))
  })

test('is off by default', async () => {
  const { levels } = await start({})
  expect(levels).toEqual([])
})

test('is on this machine only, without a warning, until it is stopped', async () => {
  const port = await freePort()
  const { wyoming, levels } = await start({ WYOMING_PORT: `${port}` })
  expect([levels, await isOpen(port)]).toEqual([['info'], true])
  await wyoming.close()
  expect(await isOpen(port)).toBe(false)
})

test('warns where HOST opens it to the network, as nothing protects it there', async () => {
  const port = await freePort()
  const flags = { WYOMING_PORT: `${port}`, HOST: '0.0.0.0', AUTH_TOKEN: 'sixteen-characters' }
  const { wyoming, levels } = await start(flags)
  expect([levels, await isOpen(port)]).toEqual([['warn'], true])
  await wyoming.close()
})

test('says what is in the way of its port', async () => {
  const port = await freePort()
  await start({ WYOMING_PORT: `${port}` })
  await expect(start({ WYOMING_PORT: `${port}` })).rejects.toMatchObject({ code: 'EADDRINUSE' })
})
