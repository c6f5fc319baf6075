import type { TSchema } from 'typebox'
import { Compile } from 'typebox/schema'
import { durationMs, fromBytes } from '../../audio/pcm.ts'
import { QuantvoxError } from '../../errors.ts'
import { type ClientMessage, clientMessages, type Ping } from '../../protocol/socketClient.ts'
import { BYTES_PER_SAMPLE, socketLimits } from '../../protocol/socketLimits.ts'
import { withLanguageCode } from '../../spokenLanguage.ts'

const checks = new Map(
  Object.entries<TSchema>(clientMessages).map(([type, schema]) => [type, Compile(schema)] as const),
)

/** A text frame as a message. Throws `invalid_message` that says what is wrong with it. */
export function decodeMessage(text: string): ClientMessage | Ping {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new QuantvoxError('invalid_message', 'A text frame is not JSON.', { cause })
  }
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined
  const check = typeof type === 'string' ? checks.get(type) : undefined
  if (check === undefined) {
    throw new QuantvoxError('invalid_message', 'A message has no "type" that is known.', {
      mend: `Types are ${[...checks.keys()].join(', ')}.`,
    })
  }
  if (check.Check(value)) return withLanguageCode(value as ClientMessage | Ping, 'invalid_message')
  const [first] = check.Errors(value)[1]
  const where = first?.instancePath ? ` at ${first.instancePath.slice(1).replaceAll('/', '.')}` : ''
  throw new QuantvoxError('invalid_message', `A "${type}" message is not valid${where}: ${first?.message}.`)
}

/** A binary frame as samples. Throws `invalid_message` for one that is too long, `audio_invalid` for half a sample. */
export function decodeAudioFrame(bytes: Buffer, sampleRate: number): Int16Array {
  if (bytes.length % BYTES_PER_SAMPLE !== 0) {
    throw new QuantvoxError(
      'audio_invalid',
      `A binary frame has ${bytes.length} bytes, half a sample too many.`,
      {
        mend: 'Send PCM, signed 16-bit little-endian, mono.',
      },
    )
  }
  const frameMs = durationMs(bytes.length / BYTES_PER_SAMPLE, sampleRate)
  if (frameMs > socketLimits.maxFrameMs) {
    throw new QuantvoxError('invalid_message', `A binary frame holds ${Math.round(frameMs)} ms of audio.`, {
      mend: `Send frames of 10 to ${socketLimits.maxFrameMs} ms at the sampleRate of "start".`,
    })
  }
  return fromBytes(bytes)
}
