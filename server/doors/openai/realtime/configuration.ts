import type { Configure, EndpointingPreset } from '../../../protocol/socketClient.ts'
import type { Stages } from '../../../session/stages.ts'
import { spokenLanguage } from '../../../spokenLanguage.ts'
import { modelAsked, voiceAsked } from '../names.ts'
import { Refusal } from './wire/refusal.ts'
import type { Eagerness, SessionShape, SessionUpdate, TurnDetectionShape } from './wire/sessionShape.ts'

/** What is in force in a session, beside what only the core needs to know. */
export type Configuration = {
  isTranscription: boolean
  instructions: string
  isSpoken: boolean
  /** One of ours. */
  voice: string
  turnDetection: TurnDetectionShape
  transcription: { model: string; language?: string } | null
  tools: Extract<SessionShape, { type: 'realtime' }>['tools']
  toolChoice: Extract<SessionShape, { type: 'realtime' }>['tool_choice']
  maxOutputTokens: number | 'inf'
}

/** What the ears do, and neither of these can be changed: Silero's bound, and the pre-roll of an utterance. */
const THRESHOLD = 0.5
const PREFIX_PADDING_MS = 400
const silenceBounds = { least: 100, most: 3000 }

const PCM = { type: 'audio/pcm', rate: 24_000 } as const

const presets: Record<Eagerness, EndpointingPreset> = {
  low: 'patient',
  medium: 'balanced',
  auto: 'balanced',
  high: 'fast',
}

export type Defaults = { stages: Stages; silenceMs: number; minSpeechMs: number }

export function firstConfiguration(isTranscription: boolean, { stages, silenceMs }: Defaults): Configuration {
  return {
    isTranscription,
    instructions: stages.settings.systemPrompt,
    isSpoken: true,
    voice: voiceAsked(undefined, stages).name,
    turnDetection: serverVad(silenceMs, true, true),
    transcription: isTranscription ? { model: stages.settings.speechModel } : null,
    ...{ tools: [], toolChoice: 'auto', maxOutputTokens: 'inf' },
  }
}

/**
 * What is in force once a client has said what it wants: what it leaves out stays, null is the default.
 * @throws QuantvoxError for a voice or a language that there is not
 */
export function merged(now: Configuration, update: SessionUpdate, defaults: Defaults): Configuration {
  const { stages } = defaults
  const { input, output } = update.audio ?? {}
  const modalities = update.output_modalities
  const first = firstConfiguration(now.isTranscription, defaults)
  const given = <T>(value: T | null | undefined, before: T, ifNull: T): T =>
    value === undefined ? before : (value ?? ifNull)
  return {
    isTranscription:
      (update.type ?? (now.isTranscription ? 'transcription' : 'realtime')) === 'transcription',
    instructions: given(update.instructions, now.instructions, first.instructions),
    isSpoken: modalities == null ? now.isSpoken : modalities.includes('audio'),
    voice: output?.voice == null ? now.voice : voiceAsked(output.voice, stages).name,
    turnDetection: mergedDetection(now.turnDetection, input?.turn_detection, defaults),
    transcription: mergedTranscription(now.transcription, input?.transcription, stages),
    tools: given(update.tools, now.tools, []),
    toolChoice: given(update.tool_choice, now.toolChoice, 'auto'),
    maxOutputTokens: given(update.max_output_tokens, now.maxOutputTokens, 'inf'),
  }
}

type Detection = NonNullable<NonNullable<SessionUpdate['audio']>['input']>['turn_detection']
type Transcription = NonNullable<NonNullable<SessionUpdate['audio']>['input']>['transcription']

function mergedDetection(
  now: TurnDetectionShape,
  wanted: Detection,
  { silenceMs }: Defaults,
): TurnDetectionShape {
  if (wanted === undefined || wanted === null) return wanted === undefined ? now : null
  const create = wanted.create_response ?? now?.create_response ?? true
  const interrupt = wanted.interrupt_response ?? now?.interrupt_response ?? true
  if (wanted.type === 'semantic_vad') {
    const eagerness = wanted.eagerness ?? (now?.type === 'semantic_vad' ? now.eagerness : 'auto')
    return { type: 'semantic_vad', eagerness, create_response: create, interrupt_response: interrupt }
  }
  const before = now?.type === 'server_vad' ? now.silence_duration_ms : silenceMs
  return serverVad(wanted.silence_duration_ms ?? before, create, interrupt)
}

function serverVad(silenceMs: number, create: boolean, interrupt: boolean): TurnDetectionShape {
  const { least, most } = silenceBounds
  return {
    ...{ type: 'server_vad', threshold: THRESHOLD, prefix_padding_ms: PREFIX_PADDING_MS },
    silence_duration_ms: Math.round(Math.min(most, Math.max(least, silenceMs))),
    ...{ create_response: create, interrupt_response: interrupt },
  }
}

function mergedTranscription(
  now: Configuration['transcription'],
  wanted: Transcription,
  { settings }: Stages,
): Configuration['transcription'] {
  if (wanted === undefined || wanted === null) return wanted === undefined ? now : null
  const model =
    wanted.model == null
      ? (now?.model ?? settings.speechModel)
      : (modelAsked(wanted.model) ?? settings.speechModel)
  const language = wanted.language == null ? now?.language : wanted.language.trim()
  return language === undefined || language === ''
    ? { model }
    : { model, language: spokenLanguage(language, 'invalid_request') }
}

type Settings = Omit<Configure, 'type' | 'requestId'>

/** The settings of the core for it. */
export function coreSettings(
  { turnDetection, transcription, isSpoken, voice }: Configuration,
  { minSpeechMs }: Defaults,
): Settings & Required<Pick<Settings, 'mode'>> {
  const interrupts = turnDetection?.interrupt_response ?? false
  return {
    mode: turnDetection === null ? 'push-to-talk' : 'hands-free',
    voice: isSpoken ? voice : 'none',
    ...(transcription === null ? {} : { speechModel: transcription.model }),
    ...(transcription?.language === undefined ? {} : { language: transcription.language }),
    // A server on which nothing said interrupts still has clients whose users may.
    bargeIn: { minSpeechMs: interrupts ? minSpeechMs || SPOKEN_OVER_MS : 0 },
    ...endpointingOf(turnDetection),
  }
}

const SPOKEN_OVER_MS = 250

function endpointingOf(detection: TurnDetectionShape): Pick<Settings, 'endpointing'> {
  if (detection === null) return {}
  return detection.type === 'server_vad'
    ? { endpointing: { mode: 'silence', silenceMs: detection.silence_duration_ms } }
    : { endpointing: { mode: 'learned', preset: presets[detection.eagerness] } }
}

/** What a client is told of it. */
export function shapeOf(
  configuration: Configuration,
  id: string,
  model: string,
  expiresAt: number | null,
): SessionShape {
  const { isTranscription, isSpoken, transcription, turnDetection, voice, tools } = configuration
  const input = { format: PCM, transcription, turn_detection: turnDetection }
  const named = {
    ...{ object: 'realtime.session' as const, id },
    ...(expiresAt === null ? {} : { expires_at: expiresAt }),
  }
  if (isTranscription) return { ...named, type: 'transcription', audio: { input } }
  return {
    ...{ ...named, type: 'realtime', model },
    output_modalities: [isSpoken ? 'audio' : 'text'],
    instructions: configuration.instructions,
    audio: { input, output: { format: PCM, voice, speed: 1 } },
    ...{ tools, tool_choice: configuration.toolChoice, max_output_tokens: configuration.maxOutputTokens },
    ...{ tracing: null, truncation: 'auto' },
  }
}

/** @throws Refusal */
export function refuseOtherModel({ model }: SessionUpdate, now: string): void {
  const wanted = modelAsked(model ?? undefined)
  if (wanted === undefined || wanted === now) return
  throw new Refusal('cannot_update_model', `The model of this session is ${now}.`, 'session.model')
}

/** The voice that answers is chosen before the first one is spoken. @throws Refusal */
export function refuseOtherVoice(now: Configuration, next: Configuration): void {
  if (now.voice === next.voice) return
  const message = `The voice of this session is ${now.voice}: it has spoken already.`
  throw new Refusal('cannot_update_voice', message, 'session.audio.output.voice')
}
