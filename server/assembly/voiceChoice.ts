import { toQuantvoxError } from '../errors.ts'
import type { Log } from '../log.ts'
import { FALLBACK_VOICE, PREFERRED_VOICE } from '../shared/defaults/voiceDefaults.ts'

/**
 * The voice where none is set: the preferred one if it can be had and starts, else the other, with a word in the log.
 * @param warm gets and starts what speaks with the preferred one
 */
export async function defaultVoice(
  warm: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
  log: Log,
): Promise<string> {
  try {
    await warm(signal)
    return PREFERRED_VOICE
  } catch (error) {
    signal.throwIfAborted()
    log.warn({ voice: PREFERRED_VOICE, why: toQuantvoxError(error).line }, 'a voice cannot be had')
    return FALLBACK_VOICE
  }
}
