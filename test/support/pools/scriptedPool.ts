import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../server/engines/ports.ts'
import type { Haproxy } from './haproxy.ts'
import { routerConfiguration, routerEnvironment } from './routerEnvironment.ts'

const engine = resolve(import.meta.dirname, '../scriptedServer/engine.mjs')
/** That of the model of the scripted engine. */
const DIGEST = 'f'.repeat(64)
const ANSWERS_MS = 30_000
const LEVEL = 'whisper-tiny.en-q8_0'

/** A process that stands for a host. */
export type ScriptedHost = {
  /** As the router calls it. */
  name: string
  url: string
  /** What it was asked and when somebody left, oldest first. */
  calls(): { leftAt?: number }[]
  kill(): void
  start(): void
}

/** Two hosts of Ollama and two of speech, all scripted, behind HAProxy with docs/operations/router.cfg. */
export type ScriptedPool = {
  llm: ScriptedHost[]
  speech: ScriptedHost[]
  /** The router, as OLLAMA_HOST. */
  llmUrl: string
  speechUrl: string
  /** What a server before it is set to. */
  settings: Record<string, string>
  /** Ends the hosts. */
  stop(): void
}

/**
 * @param script settings of the scripted engines (`SCRIPTED_...`)
 * @param router settings of the router
 * @param file its configuration, where it is not that of docs
 */
export async function startScriptedPool(
  haproxy: Haproxy,
  folder: string,
  script: Record<string, string> = {},
  router: Record<string, string> = {},
  file = routerConfiguration,
): Promise<ScriptedPool> {
  await mkdir(folder, { recursive: true })
  const host = async (name: string): Promise<ScriptedHost> => {
    const [port, file] = [await freePort(), join(folder, `${name}.calls`)]
    let child: ChildProcess | null = null
    const isOllama = name.startsWith('o')
    const args = isOllama ? ['serve'] : ['--port', `${port}`, '--request-path', '']
    const own = { OLLAMA_HOST: `127.0.0.1:${port}`, SCRIPTED_CALLS: file, SCRIPTED_LIFE_MS: '600000' }
    return {
      name,
      url: `http://127.0.0.1:${port}`,
      calls: () =>
        existsSync(file)
          ? readFileSync(file, 'utf8')
              .trim()
              .split('\n')
              .map(line => JSON.parse(line))
          : [],
      kill: () => void child?.kill('SIGKILL'),
      start() {
        child = spawn(process.execPath, [engine, ...args], {
          stdio: 'ignore',
          env: { ...process.env, ...script, ...own },
        })
      },
    }
  }
  const llm = [await host('o1'), await host('o2')]
  const speech = [await host('w1'), await host('w2')]
  const all = [...llm, ...speech]
  for (const each of all) each.start()
  await Promise.all(all.map(({ url }) => answers(`${url}/health`)))
  const at = ([one, two]: ScriptedHost[]) =>
    [new URL(one?.url ?? '').host, new URL(two?.url ?? '').host] as const
  const { ports, environment } = await routerEnvironment(folder, DIGEST, at(llm), at(speech))
  await haproxy.start(file, ports.llm, { ...environment, ...router })
  const [llmUrl, speechUrl] = [`http://127.0.0.1:${ports.llm}`, `http://127.0.0.1:${ports.speech}`]
  return {
    ...{ llm, speech, llmUrl, speechUrl },
    settings: {
      OLLAMA_HOST: llmUrl,
      // One place for each host; the router would queue what is more.
      SPEECH_URL: `${LEVEL}=${speechUrl},${LEVEL}=${speechUrl}`,
      LLM_SLOTS: '16',
      SPEECH_MODEL: LEVEL,
      LLM_MODEL: 'scripted:1b-q4_K_M',
    },
    stop: () => all.forEach(each => void each.kill()),
  }
}

async function answers(url: string): Promise<void> {
  const end = Date.now() + ANSWERS_MS
  while (
    !(await fetch(url).then(
      answer => answer.ok,
      () => false,
    ))
  ) {
    if (Date.now() > end) throw new Error(`nothing answers at ${url}`)
    await sleep(20)
  }
}
