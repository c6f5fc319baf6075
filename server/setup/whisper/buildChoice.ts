import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pino from 'pino'
import Type, { type Static } from 'typebox'
import { Check } from 'typebox/value'
import { durationMs } from '../../audio/pcm.ts'
import { readClip } from '../../audio/readClip.ts'
import { usableCores } from '../../engines/usableCores.ts'
import { createLocalSpeechEngines } from '../../engines/whisper/whisperServers.ts'
import { jsonIfThere } from '../../files/readJson.ts'
import { requestWhisper } from '../../recognition/whisper/whisperServer.ts'
import { windowFor } from '../../recognition/whisper/window.ts'
import { median } from '../../shared/quantiles.ts'
import { writeFileAtomically } from '../cache.ts'

/** "What's the weather like?", two seconds of the lab's clips. */
const clipPath = fileURLToPath(new URL('../../lab/clips/azure-weather.wav', import.meta.url))
/** For all: loading both, and their turns. */
const BUDGET_MS = 10_000
const MAX_ROUNDS = 7
/** With fewer nothing is chosen: the machine was too busy to tell. */
const MIN_ROUNDS = 3
/** Two processes of one level differ by 2 to 4 % as long as they live (measured), so less than this is no difference. */
const MIN_GAIN = 0.03

/** Of one decoding, medians. */
const Measured = Type.Object({ nativeMs: Type.Number(), portableMs: Type.Number() })
export type Measured = Static<typeof Measured>

/** Goes with the programs it is about, in their folder: those for another CPU are in another, and new ones come without it. */
const notePath = (directory: string) => join(directory, 'measured.json')

/** What was measured of the programs in `directory`; null where nothing was. */
export async function readMeasured(directory: string): Promise<Measured | null> {
  const note = await jsonIfThere(notePath(directory))
  return Check(Measured, note) ? note : null
}

export const isPortableFaster = ({ nativeMs, portableMs }: Measured): boolean =>
  portableMs < nativeMs * (1 - MIN_GAIN)

/**
 * Lets both programs decode a clip, in turns, and keeps the medians in `directory`. At most 10 s; nothing is kept where those were
 * not enough.
 *
 * @param model any level of Whisper that is here
 * @throws QuantvoxError where one of them does not run
 */
export async function measureFastest(
  directory: string,
  programs: { native: string; portable: string },
  model: { name: string; path: string },
  { signal, budgetMs = BUDGET_MS }: { signal: AbortSignal; budgetMs?: number },
): Promise<void> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(budgetMs)])
  const { samples } = await readClip(clipPath, 10, signal)
  const audioContext = windowFor(durationMs(samples.length))
  const request = { samples, audioContext, timestamps: false, language: 'en', timeoutMs: budgetMs }
  const arm = (serverPath: string) => {
    const engines = createLocalSpeechEngines({
      programs: async () => ({ serverPath, version: '' }),
      threads: usableCores(),
      maxLoaded: 1,
      log: pino({ level: 'silent' }),
    })
    return { ms: [] as number[], engines }
  }
  const native = arm(programs.native)
  const portable = arm(programs.portable)
  const decode = async ({ engines, ms }: typeof native) => {
    const lease = await engines.acquire(model, 'setup', within)
    try {
      const startedAt = performance.now()
      await requestWhisper(lease.baseUrl, request, within)
      ms.push(performance.now() - startedAt)
    } finally {
      lease.release()
    }
  }
  try {
    for (let round = 0; round < MAX_ROUNDS; round++)
      for (const next of round % 2 === 0 ? [native, portable] : [portable, native]) await decode(next)
  } catch (error) {
    signal.throwIfAborted()
    if (!within.aborted) throw error
  } finally {
    await Promise.all([native.engines.stop(), portable.engines.stop()])
  }
  if (portable.ms.length < MIN_ROUNDS || native.ms.length < MIN_ROUNDS) return
  const note: Measured = { nativeMs: median(native.ms), portableMs: median(portable.ms) }
  await writeFileAtomically(notePath(directory), `${JSON.stringify(note)}\n`)
}
