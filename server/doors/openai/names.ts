import { QuantvoxError } from '../../errors.ts'
import { nearestHint } from '../../nearest.ts'
import type { Stages } from '../../session/stages.ts'
import type { ServerVoice } from '../../voice/voice.ts'
import { ownVoice } from '../ownVoice.ts'

/** The names of OpenAI that stand for our defaults and are listed among the models. */
export const ALIASES = ['whisper-1', 'tts-1'] as const

/** The voices of OpenAI: many clients accept no other names. */
export const OPENAI_VOICES = [
  ...['alloy', 'ash', 'ballad', 'cedar', 'coral', 'echo', 'fable'],
  ...['marin', 'nova', 'onyx', 'sage', 'shimmer', 'verse'],
] as const

/** Models that OpenAI runs; `gpt-oss` are weights that anybody may. */
const openAis = /^(?:whisper-1|tts-1|(?:chat)?gpt-(?!oss)|o\d(?:-|$)|computer-use-|omni-)/i

/** The model that was asked for; undefined where it is the default that is meant: no name, or one of OpenAI's. */
export function modelAsked(model: string | undefined): string | undefined {
  const name = model?.trim() ?? ''
  return name === '' || openAis.test(name) ? undefined : name
}

/** A speech may be asked of a model by OpenAI's names only: here it is the voice that says which. @throws `model_not_found` */
export function checkSpeechModel(model: string | undefined): void {
  const name = modelAsked(model)
  if (name === undefined) return
  throw new QuantvoxError('model_not_found', `There is no model "${name.slice(0, 60)}" that speaks.`, {
    mend: 'Leave the model out or ask for tts-1; the voice says what speaks.',
    param: 'model',
  })
}

/** As clients send it; some an object. */
export type VoiceAsked = string | { id: string } | undefined

/**
 * The voice that was asked for: one of ours by its name, or the server's own under any name of OpenAI's and none.
 * @throws `invalid_request` for another
 */
export function voiceAsked(voice: VoiceAsked, stages: Stages): ServerVoice {
  const name = (typeof voice === 'object' ? voice.id : (voice ?? '')).trim()
  if (name === '' || (OPENAI_VOICES as readonly string[]).includes(name.toLowerCase()))
    return ownVoice(stages)
  try {
    return speaking(stages.voice(name))
  } catch (error) {
    if (!(error instanceof QuantvoxError && error.code === 'model_not_found')) throw error
    throw unknownVoice(name)
  }
}

function speaking(voice: ReturnType<Stages['voice']>): ServerVoice {
  if (voice.kind !== 'speak') throw unknownVoice(voice.name)
  return voice
}

function unknownVoice(name: string): QuantvoxError {
  const shown = name.length > 60 ? `${name.slice(0, 60)}…` : name
  return new QuantvoxError('invalid_request', `There is no voice "${shown}".`, {
    mend: `${nearestHint(shown, OPENAI_VOICES)} Voices are ${OPENAI_VOICES.join(', ')}, and those of GET /v1/audio/voices.`,
    param: 'voice',
  })
}
