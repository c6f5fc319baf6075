import { Command } from 'commander'
import pino from 'pino'
import { loadConfig } from '../../../server/config.ts'
import { createOllama, type OllamaEngine } from '../../../server/engines/ollama/ollama.ts'
import { freePort } from '../../../server/engines/ports.ts'
import { usableCores, withheldTo } from '../../../server/engines/usableCores.ts'
import { createModelProbe } from '../../../server/llm/probe.ts'
import { type ChatSettings, respond } from '../../../server/llm/respond.ts'
import { cachePaths, catalog, ensureLanguageModel, ensureOllama } from '../../../server/setup/index.ts'
import { cutsNear, longTexts } from './contexts.ts'
import { type Arm, type Reading, table } from './figures.ts'

/**
 * `npm run bench:kvcache`: types of the cache of keys and values that Ollama can be started with, each in an Ollama of its own, in turns
 * text by text: how fast a prompt is read and a reply written at two lengths of context, memory, and whether the same token comes next.
 */

const arms: readonly Arm[] = [
  { name: 'f16', env: { OLLAMA_FLASH_ATTENTION: '0' } },
  { name: 'f16, flash attention', env: { OLLAMA_FLASH_ATTENTION: '1', OLLAMA_KV_CACHE_TYPE: 'f16' } },
  { name: 'q8_0, flash attention', env: { OLLAMA_FLASH_ATTENTION: '1', OLLAMA_KV_CACHE_TYPE: 'q8_0' } },
  { name: 'q4_0, flash attention', env: { OLLAMA_FLASH_ATTENTION: '1', OLLAMA_KV_CACHE_TYPE: 'q4_0' } },
]
/** Enough for a rate. */
const REPLY_TOKENS = 24

type Options = { llm: string; threads?: string; texts: string; contexts: string; positions: string }

await new Command('bench:kvcache')
  .option('--llm <tag>', 'Ollama tag', catalog.language.defaults.withoutRegistry)
  .option('--threads <n>', 'threads of the model; default: as for turns')
  .option('--texts <n>', 'how many texts', '6')
  .option('--contexts <tokens>', 'lengths of context, comma-separated', '200,3000')
  .option('--positions <n>', 'next tokens asked for of each text and length', '12')
  .action(run)
  .parseAsync()

async function run({ llm: model, threads, texts: count, contexts, positions }: Options): Promise<void> {
  const { signal } = new AbortController()
  const context = { cacheDir: loadConfig().config.CACHE_DIR, onProgress: () => {}, signal }
  const engines: OllamaEngine[] = []
  const chat: ChatSettings = {
    ...{
      numCtx: 4096,
      numThread: threads === undefined ? withheldTo(usableCores()) : Number(threads),
      keepAlive: '1h',
    },
    ...{ temperature: 0, seed: 1, maxTokens: REPLY_TOKENS },
  }

  async function start({ env }: Arm) {
    const engine = createOllama({
      host: `http://127.0.0.1:${await freePort()}`,
      hostSetByHand: false,
      program: () => ensureOllama(context),
      modelsDir: cachePaths(context.cacheDir).ollama,
      // A server's Ollama may be writing to the same directory: what it has not finished must not be swept away.
      env: { ...env, OLLAMA_NOPRUNE: '1' },
      log: pino({ level: 'silent' }),
    })
    engines.push(engine)
    await ensureLanguageModel(model, await engine.url(signal), context)
    return { engine, probe: createModelProbe(engine.url, chat) }
  }

  async function read(started: Awaited<ReturnType<typeof start>>, text: string, tokens: number) {
    const { engine, probe } = started
    const cuts = cutsNear(text, tokens, Number(positions))
    const reading: Reading = {
      promptTokens: 0,
      promptMs: 0,
      replyTokens: 0,
      replyMs: 0,
      next: [],
      bytes: null,
    }
    const question = { role: 'user' as const, content: cuts[0] ?? '' }
    for await (const part of respond(await engine.url(signal), [question], { ...chat, model }, signal)) {
      if (part.type !== 'done') continue
      const { promptTokens, promptEvalMs, outputTokens, evalMs } = part.statistics
      reading.promptTokens = promptTokens ?? 0
      reading.promptMs = promptEvalMs ?? 0
      reading.replyTokens = outputTokens ?? 0
      reading.replyMs = evalMs ?? 0
    }
    for (const cut of cuts) {
      const next = await probe.nextToken(cut, model, signal)
      if (next !== null) reading.next.push(next)
    }
    reading.bytes = await engine.runnerMemory()
    return reading
  }

  try {
    const started = []
    for (const arm of arms) started.push(await start(arm))
    const texts = longTexts(Number(count))
    for (const tokens of contexts.split(',').map(Number)) {
      const readings = arms.map((): Reading[] => [])
      for (const [index, text] of texts.entries())
        for (const offset of arms.keys()) {
          const at = (index + offset) % arms.length
          const one = started[at]
          if (one !== undefined) readings[at]?.push(await read(one, text, tokens))
        }
      console.log(`${model}, about ${tokens} tokens of context`)
      console.log(table(arms, readings))
    }
  } finally {
    await Promise.all(engines.map(engine => engine.stop()))
  }
}
