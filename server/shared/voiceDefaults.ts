/** What speaks where `VOICE` is not set: what recognizers understand best, and heard as soon (measured, docs/architecture.md). */
export const PREFERRED_VOICE = 'hibari:heart'
/** What speaks where the preferred one cannot be had: in a package that is always here, and the smallest. */
export const FALLBACK_VOICE = 'flite:slt'
