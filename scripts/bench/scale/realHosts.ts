import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pino from 'pino'
import Type from 'typebox'
import Value from 'typebox/value'
import { loadConfig } from '../../../server/config.ts'
import { createOllama } from '../../../server/engines/ollama/ollama.ts'
import { freePort } from '../../../server/engines/ports.ts'
import { cachePaths, catalog, ensureLanguageModel, ensureOllama } from '../../../server/setup/index.ts'
import type { Haproxy } from '../../../test/support/pools/haproxy.ts'
import { routerConfiguration, routerEnvironment } from '../../../test/support/pools/routerEnvironment.ts'

const Tags = Type.Object({ models: Type.Array(Type.Object({ name: Type.String(), digest: Type.String() })) })

/** Two real Ollamas with the smallest model, each with so many conversations in its cache. */
export async function startRealHosts(cached: number, signal: AbortSignal) {
  const context = { cacheDir: loadConfig().config.CACHE_DIR, onProgress: () => {}, signal }
  const model = catalog.language.defaults.withoutRegistry
  const start = async () =>
    createOllama({
      host: `http://127.0.0.1:${await freePort()}`,
      hostSetByHand: false,
      program: () => ensureOllama(context),
      modelsDir: cachePaths(context.cacheDir).ollama,
      // Ollama keeps as many conversations in its cache as it has slots.
      env: { OLLAMA_NOPRUNE: '1', OLLAMA_NUM_PARALLEL: `${cached}` },
      log: pino({ level: 'silent' }),
    })
  const hosts = [await start(), await start()]
  const urls: string[] = []
  for (const host of hosts) urls.push(await host.url(signal))
  await ensureLanguageModel(model, urls[0] ?? '', context)
  const tags: unknown = await (await fetch(`${urls[0]}/api/tags`)).json()
  Value.Assert(Tags, tags)
  const digest = tags.models.find(({ name }) => name === model)?.digest
  if (digest === undefined) throw new Error(`${model} is not there`)
  return { model, urls, digest, stop: () => Promise.all(hosts.map(host => host.stop())) }
}

/** docs/operations/router.cfg before them, with conversations kept at their hosts or not; gives OLLAMA_HOST. */
export async function routeTo(
  { urls, digest }: Awaited<ReturnType<typeof startRealHosts>>,
  haproxy: Haproxy,
  folder: string,
  sticks: boolean,
): Promise<string> {
  const at = (index: number) => new URL(urls[index] ?? '').host
  const { ports, environment } = await routerEnvironment(folder, digest, [at(0), at(1)])
  const text = await readFile(routerConfiguration, 'utf8')
  const file = join(folder, 'router.cfg')
  await writeFile(
    file,
    sticks ? text : text.replaceAll(/^ *stick .*$/gm, '').replaceAll('leastconn', 'random'),
  )
  await haproxy.start(file, ports.llm, { ...environment, LLM_HOST_SLOTS: '1' })
  return `http://127.0.0.1:${ports.llm}`
}
