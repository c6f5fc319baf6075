import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../../server/engines/ports.ts'
import { answerOf, askClip, clip } from '../../support/liveServer.ts'
import { type ScriptedServer, startScriptedServer } from '../../support/scriptedServer/start.ts'

const WHOLE_MS = 90_000
const LEVEL = 'whisper-tiny.en-q8_0'
let folder: string
const servers: ScriptedServer[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quantvox-roles-'))
})
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.child.kill('SIGKILL')
    await server.exited
  }
}, WHOLE_MS)
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))

async function server(role: string, settings: Record<string, string>): Promise<ScriptedServer> {
  const started = await startScriptedServer(join(folder, role), { ROLE: role, ...settings })
  servers.push(started)
  return started
}

const statusOf = async (url: string, method = 'GET') => (await fetch(url, { method })).status

test(
  'a machine of engines answers at fixed ports, a voice server without models asks it, and comparisons are the lab’s',
  async () => {
    const [llm, speech] = [await freePort(), await freePort()]
    const where = { OLLAMA_HOST: `http://127.0.0.1:${llm}` }
    const engines = await server('engines', { ...where, SPEECH_PORT: `${speech}` })
    expect(await statusOf(`${engines.url}/readyz`)).toBe(200)
    expect(await statusOf(`${engines.url}/acceptz`)).toBe(409)
    expect(await (await fetch(`${engines.url}/metrics`)).text()).toMatch(
      /^quantvox_engine_up\{engine="ollama"\} 1/m,
    )
    for (const path of ['/v1/turns', '/v1/comparisons', '/v1/models/speech', '/'])
      expect(await statusOf(engines.url + path), path).toBe(404)
    expect(await statusOf(`http://127.0.0.1:${speech}/health`)).toBe(200)

    const voice = await server('voice', { ...where, SPEECH_URL: `${LEVEL}=http://127.0.0.1:${speech}` })
    expect(await statusOf(`${voice.url}/acceptz`)).toBe(200)
    const { turnId } = await answerOf(askClip(voice.url, clip('azure-weather')))
    const row = await (await fetch(`${voice.url}/v1/turns/${turnId}`)).json()
    expect(row).toMatchObject({
      speech: { model: LEVEL, host: `http://127.0.0.1:${speech}` },
      llm: { host: where.OLLAMA_HOST, affinity: null, routerQueueMs: null },
    })
    const refused = await fetch(`${voice.url}/v1/comparisons`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
    expect(refused.status).toBe(409)
    expect(await refused.json()).toMatchObject({ code: 'invalid_state' })

    const lab = await server('lab', {})
    expect(await statusOf(`${lab.url}/acceptz`)).toBe(409)
    expect(await statusOf(`${lab.url}/v1/comparisons`)).toBe(200)
    expect(await engines.stop()).toBe(0)
  },
  WHOLE_MS,
)

test.each([
  ['voice', {}, /ROLE=voice needs OLLAMA_HOST and SPEECH_URL/],
  ['voice', { OLLAMA_HOST: 'http://127.0.0.1:1' }, /ROLE=voice needs SPEECH_URL/],
  ['engines', { OLLAMA_HOST: 'http://ollama.example:1' }, /needs an OLLAMA_HOST of this machine/],
])('%s with %j is refused with what it needs', async (role, settings, said) => {
  await expect(server(role, settings)).rejects.toThrow(said)
})
