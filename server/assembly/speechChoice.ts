import type { Config } from '../config.ts'
import type { SpeechHost } from '../engineLease.ts'
import { levelsOf, notServed } from '../engines/whisper/speechHosts.ts'
import { toQuantvoxError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { SpeechLevel } from '../recognition/recognizer.ts'
import {
  defaultOf,
  FALLBACK_SPEECH_MODEL,
  PREFERRED_SPEECH_MODEL,
} from '../shared/defaults/speechDefaults.ts'
import { quantizationIn } from '../shared/quantization.ts'
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

/** Of the levels that are elsewhere, the one that hears where none is set. */
export const defaultOfHosts = (levels: readonly string[]): string | undefined =>
  [PREFERRED_SPEECH_MODEL, FALLBACK_SPEECH_MODEL].find(name => levels.includes(name)) ?? levels[0]

/**
 * A level at an engine elsewhere, where the file is unknown. What one whose level is not named has loaded cannot be asked: any name
 * stands for it. Throws `model_not_found` for a level that no engine is named for.
 */
export async function levelElsewhere(name: string, hosts: readonly SpeechHost[]): Promise<SpeechLevel> {
  const known = { name, digest: null, quantization: quantizationIn(name) }
  const named = hosts.find(({ level }) => level === name)
  if (named !== undefined) return { ...known, path: named.url }
  if (hosts.every(({ level }) => level !== null)) throw notServed(name, hosts)
  return { ...known, path: '' }
}

/** The catalog's levels; of engines elsewhere that are named for levels, those are what is here. */
export async function speechLevelsOf(
  { SPEECH_URL }: Pick<Config, 'SPEECH_URL'>,
  provision: Pick<Provision, 'speechLevels'>,
) {
  const [levels, elsewhere] = [await provision.speechLevels(), levelsOf(SPEECH_URL)]
  if (elsewhere.length === 0) return levels
  return levels.map(level => ({ ...level, installed: elsewhere.includes(level.name) }))
}
