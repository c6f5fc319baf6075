import { homedir } from 'node:os'
import { join } from 'node:path'
import { createOllama } from '../../../server/engines/ollama/ollama.ts'
import { freePort } from '../../../server/engines/ports.ts'
import {
  ensureEndOfTurn,
  ensureLanguageModel,
  ensureOllama,
  ensureSpeechModel,
  ensureVoice,
  ensureWakeWord,
  ensureWhisper,
  voicePackage,
  wakeFiles,
} from '../../../server/setup/index.ts'
import { quietLog } from '../quietLog.ts'

/** The cache that the tests share with a server of this machine: CACHE_DIR, or its default. */
export function testCacheDir(): string {
  const set = process.env.CACHE_DIR
  if (set !== undefined && set !== '') return set
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'quantvox')
}

function context() {
  return { cacheDir: testCacheDir(), onProgress: () => undefined, signal: AbortSignal.timeout(900_000) }
}

/** The real programs and models; what is not in the cache is fetched or built, which can take minutes. */
export const realWhisper = () => ensureWhisper(context())
export const realOllama = () => ensureOllama(context())
export const realSpeechModel = (name: string) => ensureSpeechModel(name, context())
export const realVoice = (name: string) => ensureVoice(voicePackage(name), context())
export const realEndOfTurn = () => ensureEndOfTurn(context())
/** Its licence (CC BY-NC-SA 4.0) is accepted for these tests, which use it for nothing else. */
export async function realWakeWord(name: string) {
  await ensureWakeWord(name, context())
  return await wakeFiles(name, null, context())
}
export const realLanguageModel = (tag: string, ollamaUrl: string) =>
  ensureLanguageModel(tag, ollamaUrl, context())

/** An Ollama of the test's own: nothing answers where it looks. */
export const ownOllama = async () =>
  createOllama({
    host: `http://127.0.0.1:${await freePort()}`,
    hostSetByHand: false,
    program: realOllama,
    modelsDir: join(testCacheDir(), 'ollama'),
    log: quietLog(),
  })
