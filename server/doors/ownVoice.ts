import type { Stages } from '../session/stages.ts'
import { FALLBACK_VOICE } from '../shared/defaults/voiceDefaults.ts'
import type { ServerVoice } from '../voice/voice.ts'

/** What speaks where a client names no voice: the server's own, or one of ours where the page speaks by itself, or nobody does. */
export function ownVoice({ voice: find, settings }: Stages): ServerVoice {
  const own = find(settings.voice)
  if (own.kind === 'speak') return own
  const fallback = find(FALLBACK_VOICE)
  if (fallback.kind !== 'speak') throw new Error(`${FALLBACK_VOICE} does not speak.`)
  return fallback
}
