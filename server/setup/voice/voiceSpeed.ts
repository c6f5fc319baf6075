import { join } from 'node:path'
import { pino } from 'pino'
import Type, { type Static } from 'typebox'
import { Check } from 'typebox/value'
import { within } from '../../abort.ts'
import { createKokoro } from '../../engines/kokoro/kokoro.ts'
import { QuantvoxError } from '../../errors.ts'
import { jsonIfThere } from '../../files/readJson.ts'
import { cachePaths, writeFileAtomically } from '../cache.ts'
import { catalog, type VoicePackage } from '../catalog.ts'
import { cpuKey } from '../cpu.ts'
import { untilCalm } from '../speed/calm.ts'
import { reporter, type SetupContext } from '../types.ts'
import { ensureVoice, findVoice } from './voice.ts'

/** What takes as long to make as it takes to hear is heard with gaps. */
const REAL_TIME = 1

const TEXT = 'She bought three lemons, a loaf of bread and some butter.'
/** Of every voice at least. */
const TEXT_SECONDS = 2.5
const RUNS = 2
/** Starting it and all runs; a machine that takes longer is far too slow. */
const MEASURED_WITHIN_MS = 90_000
const CALM_WITHIN_MS = 10_000

/** What was measured of a voice on a CPU. */
const Speed = Type.Object({
  realTimeFactor: Type.Number({ description: 'seconds of work for one of speech; at least that' }),
  sha256: Type.String({ description: 'of the network' }),
})
type Speed = Static<typeof Speed>

type Measure = (files: string[], signal: AbortSignal) => Promise<number>

const pathOf = (cacheDir: string, name: string) =>
  join(cachePaths(cacheDir).voices, `${name}-speed-${cpuKey()}.json`)

/** Seconds of work for one of speech that were measured here; null where that was not, or of other weights. */
export async function voiceSpeed(
  { name, files }: VoicePackage,
  cacheDir: string,
): Promise<Speed['realTimeFactor'] | null> {
  const note = await jsonIfThere(pathOf(cacheDir, name))
  return Check(Speed, note) && note.sha256 === files[0]?.sha256 ? note.realTimeFactor : null
}

/** Engines that are too slow here, as far as that was measured, and how slow. */
export async function slowVoices(cacheDir: string): Promise<Map<string, string>> {
  const slow = new Map<string, string>()
  for (const entry of catalog.voices) {
    const speed = entry.measured ? await voiceSpeed(entry, cacheDir) : null
    if (speed !== null && speed >= REAL_TIME) slow.set(entry.name, slowness(speed))
  }
  return slow
}

const slowness = (realTimeFactor: number) =>
  `takes ${realTimeFactor.toFixed(1)} s on this machine for each second of speech`

/**
 * Paths of what an engine speaks with, where nothing has to be got or measured for it; else null.
 * @throws `engine_unavailable` where it is slower than speech
 */
export async function voiceInTime(
  entry: VoicePackage,
  context: Pick<SetupContext, 'cacheDir' | 'signal'>,
): Promise<string[] | null> {
  const files = await findVoice(entry, context)
  if (files === null || !entry.measured) return files
  const speed = await voiceSpeed(entry, context.cacheDir)
  return speed === null ? null : inTime(entry, files, speed)
}

/**
 * The same; what is missing is fetched, and what was not measured on a CPU like this one is measured, once.
 * @param isAgain measures it in any case: a machine that was busy measures too slow
 */
export async function ensureVoiceInTime(
  entry: VoicePackage,
  context: SetupContext,
  isAgain = false,
  measure: Measure = measureKokoro,
): Promise<string[]> {
  const files = await ensureVoice(entry, context)
  if (!entry.measured) return files
  const known = isAgain ? null : await voiceSpeed(entry, context.cacheDir)
  if (known !== null) return inTime(entry, files, known)
  reporter(context, entry.name)('measuring how fast this machine speaks with it')
  const realTimeFactor = await measure(files, context.signal)
  const note: Speed = { realTimeFactor, sha256: entry.files[0]?.sha256 ?? '' }
  await writeFileAtomically(pathOf(context.cacheDir, entry.name), `${JSON.stringify(note)}\n`)
  return inTime(entry, files, realTimeFactor)
}

function inTime({ name }: VoicePackage, files: string[], realTimeFactor: number): string[] {
  if (realTimeFactor < REAL_TIME) return files
  throw new QuantvoxError('engine_unavailable', `${name} ${slowness(realTimeFactor)}.`, {
    meaning: 'So a reply would be heard with gaps, and nothing is spoken with it here.',
    mend: `Choose VOICE=hibari:heart, or VOICE=remote:<voice> of a faster machine. If this one was busy when it was measured, run "npx quantvox models pull ${name}", which measures again.`,
  })
}

/** The better of a few runs, in a process that is gone afterwards. */
async function measureKokoro(files: string[], signal: AbortSignal): Promise<number> {
  await untilCalm(CALM_WITHIN_MS, signal)
  const speaker = createKokoro(async () => files, {
    log: pino({ level: 'silent' }),
    ...{ startTimeoutMs: MEASURED_WITHIN_MS, timeoutMs: MEASURED_WITHIN_MS },
  })
  const measured = async () => {
    await speaker.warm(signal)
    let best = Number.POSITIVE_INFINITY
    for (let run = 0; run < RUNS; run++) {
      let [workMs, speechMs] = [0, 0]
      for await (const { samples, sampleRate, inferenceMs } of speaker.speak(TEXT, 'af_heart', signal)) {
        workMs += inferenceMs
        speechMs += (1000 * samples.length) / sampleRate
      }
      best = Math.min(best, workMs / speechMs)
    }
    return best
  }
  try {
    return await within(measured(), MEASURED_WITHIN_MS, () => MEASURED_WITHIN_MS / 1000 / TEXT_SECONDS)
  } finally {
    await speaker.stop()
  }
}
