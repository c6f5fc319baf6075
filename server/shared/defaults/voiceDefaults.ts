/** What speaks where `VOICE` is not set: what recognizers understand best, and heard as soon (measured, docs/architecture.md). */
export const PREFERRED_VOICE = 'hibari:heart'
/** What speaks where the preferred one cannot be had: in a package that is always here, and the smallest. */
export const FALLBACK_VOICE = 'flite:slt'

/** Voices that are compared where none is asked for: what speaks, and what always can. */
export const comparedVoicesByDefault = (inUse: string): string[] => [...new Set([inUse, FALLBACK_VOICE])]
