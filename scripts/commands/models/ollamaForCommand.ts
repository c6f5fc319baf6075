import { pino } from 'pino'
import { createOllama, probeOllama } from '../../../server/engines/ollama/ollama.ts'
import { cachePaths, ensureOllama, findOllama, type SetupContext } from '../../../server/setup/index.ts'

export type OllamaPlace = {
  /** Base URL. */
  host: string
  /** True where the user named it: then none is started. */
  setByHand: boolean
}

/**
 * Runs `work` with the URL of an Ollama: the one at `host`, else one of our own that is stopped afterwards. With
 * `mayInstall` false, null comes where none runs and no program is here yet.
 */
export async function withOllama<T>(
  place: OllamaPlace,
  context: SetupContext,
  mayInstall: boolean,
  work: (url: string | null, isOurs: boolean) => Promise<T>,
): Promise<T> {
  const engine = createOllama({
    host: place.host,
    hostSetByHand: place.setByHand,
    program: () => ensureOllama(context),
    modelsDir: cachePaths(context.cacheDir).ollama,
    // A server's Ollama may be writing to the same directory: what it has not finished must not be swept away.
    env: { OLLAMA_NOPRUNE: '1' },
    log: pino({ level: 'silent' }),
  })
  try {
    if (!mayInstall && !place.setByHand && !(await isHere(place, context))) return await work(null, false)
    const url = await engine.url(context.signal)
    return await work(url, engine.owned())
  } finally {
    await engine.stop()
  }
}

async function isHere(place: OllamaPlace, context: SetupContext): Promise<boolean> {
  if ((await findOllama(context)) !== null) return true
  const limit = AbortSignal.any([context.signal, AbortSignal.timeout(1500)])
  return (await probeOllama(place.host, limit)) !== null
}
