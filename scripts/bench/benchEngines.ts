import { availableParallelism } from 'node:os'
import pino from 'pino'
import { loadConfig } from '../../server/config.ts'
import type { SpeechEngineLease } from '../../server/engineLease.ts'
import { createLocalSpeechEngines } from '../../server/engines/whisper/whisperServers.ts'
import type { SpeechLevel } from '../../server/recognition/recognizer.ts'
import { ensureSpeechModel, ensureWhisper } from '../../server/setup/index.ts'
import { createProgressView } from '../commands/progressView.ts'

/** Speech engines that nobody but the bench uses, `maxLoaded` levels at once. */
export function createBenchEngines(signal: AbortSignal, maxLoaded = 1, threads = availableParallelism()) {
  const { onProgress, done } = createProgressView()
  const context = { cacheDir: loadConfig().config.CACHE_DIR, onProgress, signal }
  const engines = createLocalSpeechEngines({
    programs: () => ensureWhisper(context),
    threads,
    maxLoaded,
    log: pino({ level: 'silent' }),
  })
  return {
    /** The level's file, made or fetched where it is not here. */
    level: (name: string): Promise<SpeechLevel> => ensureSpeechModel(name, context).finally(done),
    acquire: (level: SpeechLevel): Promise<SpeechEngineLease> => engines.acquire(level, 'bench', signal),
    stop: engines.stop,
  }
}
