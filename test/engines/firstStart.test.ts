import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'
import { residentBytes } from '../../server/engines/memory.ts'
import { freePort } from '../../server/engines/ports.ts'
import { realOllama, realWhisper, testCacheDir } from '../support/engines/realEngines.ts'

const program = resolve(import.meta.dirname, '../../scripts/commands/index.ts')

it('after a first start, with all models got, the server itself is small', async () => {
  await Promise.all([realWhisper(), realOllama()])
  const folder = await mkdtemp(join(tmpdir(), 'quantvox-first-'))
  const cache = join(folder, 'cache')
  // Engines that are on PATH are not in the cache.
  await cp(join(testCacheDir(), 'engines'), join(cache, 'engines'), { recursive: true }).catch(() => {})
  const server = spawn(process.execPath, [program, 'serve'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      ...{ CACHE_DIR: cache, DATA_DIR: join(folder, 'data'), PORT: `${await freePort()}`, LOG_LEVEL: 'warn' },
      LLM_MODEL: 'smollm2:135m-instruct-q4_K_M',
    },
  })
  try {
    for await (const line of createInterface({ input: server.stdout })) if (/ready after/.test(line)) break
    const resident = (await residentBytes(server.pid ?? 0)) ?? 0
    console.info(`the server holds ${Math.round(resident / 1e6)} MB after a first start`)
    expect(resident).toBeGreaterThan(0)
    expect(resident).toBeLessThan(400e6)
  } finally {
    if (server.exitCode === null) {
      server.kill('SIGTERM')
      await once(server, 'exit')
    }
    await rm(folder, { recursive: true, force: true })
  }
}, 900_000)
