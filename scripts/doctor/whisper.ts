import pino from 'pino'
import type { Config } from '../../server/config.ts'
import { createRemoteSpeechEngines } from '../../server/engines/whisper/remoteSpeech.ts'
import { createLocalSpeechEngines } from '../../server/engines/whisper/whisperServers.ts'
import type { SpeechLevel } from '../../server/recognition/recognizer.ts'
import {
  cachePaths,
  findWhisper,
  listSpeechModels,
  type SetupContext,
  type WhisperPrograms,
} from '../../server/setup/index.ts'
import { isMoonshineName } from '../../server/shared/defaults/speechDefaults.ts'
import { tryCancelling } from './cancelling.ts'
import type { Facts } from './facts.ts'
import { type Finding, finding } from './finding.ts'
import { examineWhisperGpu } from './gpu.ts'
import { wholeSpeechLevel } from './models.ts'
import { examineSimd } from './simd.ts'

const why = 'It transcribes what is said.'

/** whisper-server: there, able to run, with SIMD, and stopping its work for a client that left. */
export async function examineWhisper(config: Config, facts: Facts, signal: AbortSignal): Promise<Finding[]> {
  if (config.SPEECH_URL.length > 0) {
    const levels = [...Map.groupBy(config.SPEECH_URL, ({ level }) => level)]
    const found = levels.map(([level, hosts]) =>
      remote(
        level,
        hosts.map(({ url }) => url),
        signal,
      ),
    )
    return (await Promise.all(found)).flat()
  }
  const context: SetupContext = { cacheDir: config.CACHE_DIR, onProgress: () => {}, signal }
  const programs = await findWhisper(context)
  if (programs === null) {
    const mend = 'Run "npx quantvox setup", or just start: the server builds it.'
    return [finding('whisper-server', 'not here yet', { state: 'note', mend }, why)]
  }
  const is = `${programs.version} (${programs.origin})`
  const model = await smallestModel(config.CACHE_DIR, signal)
  if (model === null) return [finding('whisper-server', `${is}; no model is here to try it with`, null, why)]
  return local(programs, is, model, config, facts, signal)
}

async function smallestModel(cacheDir: string, signal: AbortSignal): Promise<SpeechLevel | null> {
  const installed = (await listSpeechModels(cacheDir)).filter(
    model => model.installed && model.name.startsWith('whisper-'),
  )
  for (const { name } of installed.toSorted((a, b) => (a.sizeBytes ?? 0) - (b.sizeBytes ?? 0))) {
    const level = await wholeSpeechLevel(cacheDir, name, signal)
    if (level !== null) return level
  }
  return null
}

async function local(
  programs: WhisperPrograms,
  is: string,
  model: SpeechLevel,
  config: Config,
  facts: Facts,
  signal: AbortSignal,
): Promise<Finding[]> {
  const engines = createLocalSpeechEngines({
    programs: async () => programs,
    threads: 2,
    maxLoaded: 1,
    log: pino({ level: 'silent' }),
  })
  try {
    const lease = await engines.acquire(model, 'doctor', signal)
    try {
      const [loaded] = await engines.loaded()
      return [
        finding('whisper-server', `${is} runs ${model.name}${chosenBy(programs)}`, null, why),
        examineSimd('whisper-server', loaded?.cpuFeatures ?? null, facts.cpuFlags),
        await examineWhisperGpu(programs, loaded?.gpu ?? null, cachePaths(config.CACHE_DIR).engines, facts),
        await cancelling(lease.baseUrl, signal),
      ]
    } finally {
      lease.release()
    }
  } catch (error) {
    signal.throwIfAborted()
    const reason = error instanceof Error ? error.message : String(error)
    const mend = `Delete ${config.CACHE_DIR}/engines and run "npx quantvox setup".`
    return [finding('whisper-server', `${is} does not start: ${reason}`, { state: 'wrong', mend }, why)]
  } finally {
    await engines.stop()
  }
}

/** Which of two builds it is, and why. */
function chosenBy({ serverPath, measured }: WhisperPrograms): string {
  if (measured === null) return ''
  const is = serverPath.endsWith('-portable') ? 'portable' : 'native'
  const [nativeMs, portableMs] = [Math.round(measured.nativeMs), Math.round(measured.portableMs)]
  return `; the ${is} build, for a short clip takes ${nativeMs} ms native and ${portableMs} with AVX2 only`
}

async function cancelling(baseUrl: string, signal: AbortSignal): Promise<Finding> {
  const what = 'whisper-server, clients that leave'
  const reason = 'Interrupting would otherwise cost the time of what nobody waits for any more.'
  try {
    const { cancels, longMs, afterLeavingMs } = await tryCancelling(baseUrl, signal)
    const figures = `the next request took ${Math.round(afterLeavingMs)} ms, a decoding that goes on ${Math.round(longMs)}`
    return finding(
      what,
      cancels ? `it stops working for them: ${figures}` : `it goes on working for them: ${figures}`,
      cancels ? null : { state: 'wrong', mend: 'Use whisper.cpp 1.7.6 or newer.' },
      reason,
    )
  } catch (error) {
    signal.throwIfAborted()
    const mend = 'Run "npx quantvox doctor" again when it has less to do.'
    return finding(what, `could not be tried: ${(error as Error).message}`, { state: 'note', mend }, reason)
  }
}

/** @param level what is said to be loaded at all of `urls`; null where that is not said */
async function remote(level: string | null, urls: string[], signal: AbortSignal): Promise<Finding[]> {
  const engines = createRemoteSpeechEngines(urls, level)
  const isMoonshine = level !== null && isMoonshineName(level)
  const what = isMoonshine ? 'Moonshine' : 'whisper-server'
  const forLevel = level === null ? '' : ` for ${level}`
  const mend = 'Start one of them, or unset SPEECH_URL.'
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(3000)])
    const lease = await engines.acquire({ name: level ?? '', path: '' }, 'doctor', within)
    try {
      const answers = finding(what, `answers at ${lease.baseUrl}${forLevel}`, null, why)
      // It is asked as a whisper-server is.
      return isMoonshine ? [answers] : [answers, await cancelling(lease.baseUrl, signal)]
    } finally {
      lease.release()
    }
  } catch {
    signal.throwIfAborted()
    const is = `none of ${urls.join(', ')} answers${forLevel}`
    return [finding(what, is, { state: 'wrong', mend }, why)]
  } finally {
    await engines.stop()
  }
}
