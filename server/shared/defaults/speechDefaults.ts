/**
 * What hears where `SPEECH_MODEL` is not set: faster than Whisper tiny.en q8_0 at fewer word errors (measured, models/README.md), made
 * where there is Python.
 */
export const PREFERRED_SPEECH_MODEL = 'moonshine-base.en-int8'
/** What hears where the preferred one cannot be had, and what that one makes nothing of. */
export const FALLBACK_SPEECH_MODEL = 'whisper-tiny.en-q8_0'

export const isMoonshineName = (name: string): boolean => name.startsWith('moonshine-')

/** Which of the two hears where none is set: the preferred one where it is here; null where neither is. */
export function defaultOf(levels: readonly { name: string; installed: boolean }[]): string | null {
  const isHere = (name: string) => levels.some(level => level.name === name && level.installed)
  return [PREFERRED_SPEECH_MODEL, FALLBACK_SPEECH_MODEL].find(isHere) ?? null
}

/** Levels whose families are compared where none is asked for: Moonshine's levels stand beside Whisper's ladder. */
export const comparedByDefault = (inUse: string): string[] =>
  isMoonshineName(inUse) ? [FALLBACK_SPEECH_MODEL, inUse] : [inUse]
