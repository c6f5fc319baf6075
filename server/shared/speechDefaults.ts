/**
 * What hears where `SPEECH_MODEL` is not set: faster than Whisper tiny.en q8_0 at fewer word errors (measured, models/README.md), made
 * where there is Python.
 */
export const PREFERRED_SPEECH_MODEL = 'moonshine-base.en-int8'
/** What hears where the preferred one cannot be had, and what that one makes nothing of. */
export const FALLBACK_SPEECH_MODEL = 'whisper-tiny.en-q8_0'

export const isMoonshineName = (name: string): boolean => name.startsWith('moonshine-')

/** Levels that are compared where none is asked for, the first with its family: Moonshine is held against Whisper's ladder. */
export const comparedByDefault = (inUse: string): [ladder: string, ...beside: string[]] =>
  isMoonshineName(inUse) ? [FALLBACK_SPEECH_MODEL, inUse] : [inUse]
