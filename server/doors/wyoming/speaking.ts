import { durationMs, type SpokenAudio, samplesIn, toBytes } from '../../audio/pcm.ts'
import { QuantvoxError } from '../../errors.ts'
import type { PartContext } from '../../session/parts/recorded.ts'
import { speak } from '../../session/parts/speak.ts'
import type { Stages } from '../../session/stages.ts'
import { languageCode } from '../../spokenLanguage.ts'
import type { ServerVoice } from '../../voice/voice.ts'
import { ownVoice } from '../ownVoice.ts'
import { eventBytes } from './framing.ts'
import type { DataOf, VoiceWanted } from './messages.ts'

const CHUNK_MS = 100

/** A text spoken, as events; its row is written before the last. @throws as `speak` does */
export async function* spokenEvents(
  text: string | AsyncIterable<string>,
  voice: ServerVoice,
  context: PartContext,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  let timestamp: number | null = null
  for await (const audio of speak(text, voice, context, signal)) {
    if (timestamp === null) yield eventBytes('audio-start', formatAt(audio.sampleRate, 0))
    timestamp ??= 0
    for (const chunk of chunksOf(audio)) {
      yield eventBytes('audio-chunk', formatAt(audio.sampleRate, timestamp), toBytes(chunk))
      timestamp += durationMs(chunk.length, audio.sampleRate)
    }
  }
  yield eventBytes('audio-stop', { timestamp: Math.round(timestamp ?? 0) })
}

const formatAt = (rate: number, timestamp: number) => ({
  ...{ rate, width: 2, channels: 1 },
  timestamp: Math.round(timestamp),
})

function* chunksOf({ samples, sampleRate }: SpokenAudio): Generator<Int16Array> {
  const length = samplesIn(CHUNK_MS, sampleRate)
  for (let from = 0; from < samples.length; from += length) yield samples.subarray(from, from + length)
}

/** The voice that was asked for: by its name, by a language, or the server's own. @throws `model_not_found`, `invalid_request` */
export function voiceFor(
  { voice = {}, text_format = 'text' }: DataOf<'synthesize-start'>,
  stages: Stages,
): ServerVoice {
  if (text_format !== 'text')
    throw new QuantvoxError(
      'invalid_request',
      `Text of format "${text_format.slice(0, 40)}" is not read here.`,
      {
        mend: 'Send plain text.',
      },
    )
  const { name, language }: VoiceWanted = voice
  if (name) return named(name, stages)
  const own = ownVoice(stages)
  const code = language ? languageCode(language) : null
  if (!language || own.languages === null || (code !== null && own.languages.includes(code))) return own
  throw new QuantvoxError('invalid_request', `${own.name} does not speak "${language.slice(0, 40)}".`, {
    mend: 'Name a voice that does.',
  })
}

function named(name: string, { voice }: Stages): ServerVoice {
  const found = voice(name)
  if (found.kind === 'speak') return found
  throw new QuantvoxError('model_not_found', `The voice ${found.name} does not speak here.`, {
    mend: 'Name one of those that "info" lists.',
  })
}
