import { toQuantvoxError } from '../errors.ts'
import type { Log } from '../log.ts'
import {
  defaultOf,
  FALLBACK_SPEECH_MODEL,
  PREFERRED_SPEECH_MODEL,
} from '../shared/defaults/speechDefaults.ts'
import type { Provision, Report } from './provision.ts'

/**
 * The speech model where none is set: whichever of the two defaults is here, the preferred one first, and the other is got beside
 * for later. Where neither is, both are got, and the preferred one hears if it can be had.
 */
export async function defaultSpeechModel(
  provision: Pick<Provision, 'speechLevel' | 'speechLevels'>,
  report: Report,
  signal: AbortSignal,
  log: Log,
): Promise<string> {
  const levels = await provision.speechLevels()
  const isHere = (name: string) => levels.some(level => level.name === name && level.installed)
  const get = async (name: string) => {
    if (isHere(name)) return true
    try {
      await provision.speechLevel(name, report, signal)
      return true
    } catch (error) {
      const { line } = toQuantvoxError(error)
      if (!signal.aborted) log.warn({ speechModel: name, why: line }, 'a speech model cannot be had')
      return false
    }
  }
  const preferred = get(PREFERRED_SPEECH_MODEL)
  // It hears what the preferred one makes nothing of.
  const fallback = get(FALLBACK_SPEECH_MODEL)
  const here = defaultOf(levels)
  if (here !== null) return here
  await fallback
  return (await preferred) ? PREFERRED_SPEECH_MODEL : FALLBACK_SPEECH_MODEL
}
