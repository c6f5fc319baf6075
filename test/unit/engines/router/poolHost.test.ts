import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { takeFromPools } from '../../../../server/engines/router/poolHost.ts'
import { failureOf } from '../../../support/failureOf.ts'

const { signal } = new AbortController()
let folder: string
let router: Server
let scenes = 0
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quantvox-router-'))
})
afterEach(() => {
  router.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
})

/** The admin socket of a router with these servers, and how each is; `told` is what it was told to change. With `breaksOff` it dies then, without a word. */
async function routerWith(states: Record<string, string>) {
  const told: string[] = []
  const scene = { told, socket: join(folder, `${++scenes}.sock`), breaksOff: false }
  router = createServer(connection => {
    connection.on('error', () => {})
    connection.once('data', data => {
      const [, server = '', state = ''] = /^set server (\S+) state (\S+)/.exec(`${data}`) ?? []
      if (server === '' && scene.breaksOff && told.length > 0) return void connection.destroy()
      if (server !== '') {
        told.push(`${server} ${state}`)
        states[server] = state === 'maint' ? 'MAINT' : 'UP'
      }
      const lines = Object.entries(states).map(
        ([name, status]) => `${name.replace('/', ',')},0,0,${'0,'.repeat(12)}0,${status},1`,
      )
      connection.end(server === '' ? `# pxname,svname\n${lines.join('\n')}\n` : '\n')
    })
  })
  await new Promise<void>(settle => router.listen(scene.socket, settle))
  return scene
}

test('a host that is out of its pools already is neither measured nor given back', async () => {
  for (const status of ['MAINT', 'DRAIN', 'MAINT (resolution)']) {
    const { socket, told } = await routerWith({ 'llm/o1': 'UP', 'speech/w1': status })
    const failure = await failureOf(takeFromPools(socket, ['llm/o1', 'speech/w1'], signal))
    expect(failure).toMatchObject({ code: 'invalid_state', message: expect.stringContaining('speech/w1') })
    expect(told).toEqual([])
    router.close()
  }
  const { socket, told } = await routerWith({ 'llm/o1': 'UP', 'speech/w1': 'DOWN' })
  const giveBack = await takeFromPools(socket, ['llm/o1', 'speech/w1'], signal)
  await giveBack()
  expect(told).toEqual(['llm/o1 maint', 'speech/w1 maint', 'llm/o1 ready', 'speech/w1 ready'])
}, 60_000)

test('a router that goes away while a host is waited for is no fault of this server’s', async () => {
  const scene = await routerWith({ 'llm/o1': 'UP' })
  scene.breaksOff = true
  const failure = await failureOf(takeFromPools(scene.socket, ['llm/o1'], signal))
  expect(failure).toMatchObject({ code: 'engine_unavailable' })
  expect(scene.told).toEqual(['llm/o1 maint', 'llm/o1 ready'])
}, 60_000)
