import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import Value from 'typebox/value'
import { expect, test } from 'vitest'
import { ServerInfo } from '../../../server/protocol/info.ts'
import { startScriptedServer } from '../../support/scriptedServer/start.ts'

/** What the engines of a server are told of the cores that it may use. */
async function toldUnder(under: string) {
  const folder = await mkdtemp(join(tmpdir(), 'quantvox-threads-'))
  const calls = join(folder, 'calls.ndjson')
  const server = await startScriptedServer(folder, { SCRIPTED_CALLS: calls }, undefined, under)
  try {
    const info: unknown = await (await fetch(`${server.url}/v1/info`)).json()
    Value.Assert(ServerInfo, info)
    const told = (await readFile(calls, 'utf8'))
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    return { told, hardware: info.hardware }
  } finally {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

test.runIf(process.platform === 'linux' && cpus().length > 1)(
  'engines take as many threads as cores may be used',
  async () => {
    const { told, hardware } = await toldUnder('taskset -c 0')
    expect(hardware).toMatchObject({ cores: cpus().length, usableCores: 1 })
    expect(told).toContainEqual({ threads: 1 })
    expect(told).toContainEqual(expect.objectContaining({ num_thread: 1 }))
  },
  60_000,
)

test.runIf(process.platform === 'linux' && cpus().length <= 8)(
  'where none is withheld, Ollama chooses',
  async () => {
    const { told, hardware } = await toldUnder('')
    if (hardware.usableCores < hardware.cores) return
    expect(told).toContainEqual({ threads: hardware.usableCores })
    expect(told).toContainEqual(expect.objectContaining({ num_ctx: 4096 }))
    expect(JSON.stringify(told)).not.toContain('num_thread')
  },
  60_000,
)
