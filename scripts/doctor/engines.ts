import pino from 'pino'
import type { Config } from '../../server/config.ts'
import { isLoopback } from '../../server/config.ts'
import { probeOllama } from '../../server/engines/ollama.ts'
import { createRemoteSpeechEngines } from '../../server/engines/remoteSpeech.ts'
import { createLocalSpeechEngines } from '../../server/engines/whisperServers.ts'
import {
  catalog,
  ensureSpeechModel,
  findOllama,
  findWhisper,
  listSpeechModels,
  type SetupContext,
} from '../setup/index.ts'
import { compareVersions } from '../setup/ollama.ts'
import { type Finding, finding } from './finding.ts'

/**
 * The warm-up of tiny.en takes well under a second with SIMD and over ten without (measured: 17 s for an 11 s clip),
 * and whisper-server does not say how it was built. Milliseconds.
 */
const NO_SIMD_MS = 6_000

/** Ollama and whisper-server: there, recent enough, fast enough. */
export async function examineEngines(config: Config, signal: AbortSignal): Promise<Finding[]> {
  const context: SetupContext = { cacheDir: config.CACHE_DIR, onProgress: () => {}, signal }
  return [await ollama(config, context), await whisper(config, context)]
}

async function ollama(config: Config, context: SetupContext): Promise<Finding> {
  const why = 'It runs the language model that answers.'
  const host = config.OLLAMA_HOST
  const running = await probeOllama(host, AbortSignal.any([context.signal, AbortSignal.timeout(2000)]))
  if (running !== null) {
    const { minimumVersion: safe } = catalog.engines.ollama
    // A release candidate counts as its release.
    if (compareVersions(running.split('-')[0] ?? running, safe) < 0) {
      const mend = `Update Ollama to ${safe} or newer.`
      return finding(
        'Ollama',
        `${running} runs at ${host}`,
        { state: 'wrong', mend },
        `Versions before ${safe} leak memory to whoever can send them a request (CVE-2026-7482).`,
      )
    }
    const local = isLoopback(new URL(host).hostname)
    return finding('Ollama', `${running} runs at ${host}${local ? '' : ', on another machine'}`, null, why)
  }
  if (config.ollamaHostSetByHand) {
    return finding(
      'Ollama',
      `nothing answers at ${host}, which OLLAMA_HOST names`,
      { state: 'wrong', mend: 'Start it there, or unset OLLAMA_HOST so that the server runs its own.' },
      why,
    )
  }
  const program = await findOllama(context)
  if (program !== null)
    return finding(
      'Ollama',
      `${program.version} is here (${program.origin}); the server starts it`,
      null,
      why,
    )
  const mend = `Run "npx quantvox setup", or just start: the server gets Ollama ${catalog.engines.ollama.version}.`
  return finding('Ollama', 'neither running nor here yet', { state: 'note', mend }, why)
}

async function whisper(config: Config, context: SetupContext): Promise<Finding> {
  const why = 'It transcribes what is said.'
  if (config.SPEECH_URL.length > 0) return remoteWhisper(config.SPEECH_URL, context.signal)
  const programs = await findWhisper(context)
  if (programs === null) {
    return finding(
      'whisper-server',
      'not here yet',
      { state: 'note', mend: 'Run "npx quantvox setup", or just start: the server builds it.' },
      why,
    )
  }
  const is = `${programs.version} (${programs.origin})`
  const smallest = (await listSpeechModels(config.CACHE_DIR))
    .filter(model => model.installed)
    .toSorted((a, b) => (a.sizeBytes ?? 0) - (b.sizeBytes ?? 0))[0]
  if (smallest === undefined)
    return finding('whisper-server', `${is}; no model is here to try it with`, null, why)
  const engines = createLocalSpeechEngines({
    programs: async () => programs,
    threads: 2,
    maxLoaded: 1,
    maxResidentBytes: null,
    log: pino({ level: 'silent' }),
  })
  try {
    const lease = await engines.acquire(
      await ensureSpeechModel(smallest.name, context),
      'doctor',
      context.signal,
    )
    lease.release()
    const warmMs = (await engines.loaded())[0]?.warmMs ?? 0
    const found = `${is} transcribed a short clip with ${smallest.name} in ${Math.round(warmMs)} ms`
    const slow = {
      state: 'wrong' as const,
      mend: 'Remove the whisper-server on PATH, so that one is built for this CPU, or install one built with SIMD.',
    }
    return finding(
      'whisper-server',
      found,
      warmMs > NO_SIMD_MS ? slow : null,
      warmMs > NO_SIMD_MS ? 'So slow a build uses no SIMD instructions.' : why,
    )
  } catch (error) {
    context.signal.throwIfAborted()
    const reason = error instanceof Error ? error.message : String(error)
    return finding(
      'whisper-server',
      `${is} does not start: ${reason}`,
      { state: 'wrong', mend: `Delete ${config.CACHE_DIR}/engines and run "npx quantvox setup".` },
      why,
    )
  } finally {
    await engines.stop()
  }
}

async function remoteWhisper(urls: string[], signal: AbortSignal): Promise<Finding> {
  const engines = createRemoteSpeechEngines(urls)
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(3000)])
    const lease = await engines.acquire({ name: '', path: '' }, 'doctor', within)
    lease.release()
    return finding('whisper-server', `answers at ${lease.baseUrl}`, null, '')
  } catch {
    signal.throwIfAborted()
    return finding(
      'whisper-server',
      `none of ${urls.join(', ')} answers`,
      { state: 'wrong', mend: 'Start one of them, or unset SPEECH_URL.' },
      'Speech is transcribed there.',
    )
  } finally {
    await engines.stop()
  }
}
