import { Readable } from 'node:stream'
import type { FastifyPluginAsync } from 'fastify'
import Type from 'typebox'
import type { Encode } from '../../../audio/encoding/encode.ts'
import { atEncodedRate, audioFormats } from '../../../audio/encoding/formats.ts'
import { QuantvoxError } from '../../../errors.ts'
import { speak } from '../../../session/parts/speak.ts'
import { lenientCheck } from '../../lenientCheck.ts'
import { begun } from '../../rest/begun.ts'
import { OPENAI_TAG, openAiErrorAnswers, wrong } from '../errors.ts'
import { checkSpeechModel, voiceAsked } from '../names.ts'
import { type AskedDependencies, asked } from './asked.ts'
import type { AudioJson } from './audioJson.ts'
import { sendEvents } from './events.ts'

export const VoiceName = Type.Union([
  Type.String({ maxLength: 200 }),
  Type.Object({ id: Type.String({ maxLength: 200 }) }),
])

const Body = Type.Object({
  input: Type.String({ minLength: 1, maxLength: 4096 }),
  model: Type.Optional(Type.String({ maxLength: 200, description: 'empty, or a name of OpenAI' })),
  voice: Type.Optional(VoiceName),
  instructions: Type.Optional(
    Type.String({ maxLength: 4096, description: 'ignored: no voice here can be told' }),
  ),
  response_format: Type.Optional(
    Type.String({
      maxLength: 40,
      description: `${Object.keys(audioFormats).join(', ')}; mp3 where it is left out`,
    }),
  ),
  speed: Type.Optional(Type.Number({ minimum: 0.25, maximum: 4 })),
  stream_format: Type.Optional(Type.Enum(['audio', 'sse'])),
})
const check = lenientCheck(Body)

/** `POST /v1/audio/speech`. */
export function speechRoute({ stages, maxJsonBytes }: AskedDependencies): FastifyPluginAsync {
  const handler = asked(stages, async (request, reply, context, signal) => {
    const body = request.body as AudioJson | undefined
    if (body === undefined || body === null) throw wrong('input', 'The request has no body.')
    const { input, model, voice, speed = 1, response_format, stream_format } = check(body.json)
    checkSpeechModel(model)
    const { type, encode } = formatOf(response_format)
    const speaker = voiceAsked(voice, stages)
    const spoken = speak(input, speaker, context(), signal)
    const bytes = encoded(encode, atEncodedRate(spoken, speed, signal), signal)
    reply.header('openai-model', speaker.name)
    if (stream_format === 'sse') return await sendEvents(reply, eventsOf(bytes))
    return reply.type(type).send(Readable.from(await begun(bytes), { objectMode: false }))
  })

  return async app => {
    app.post('/v1/audio/speech', {
      bodyLimit: maxJsonBytes,
      schema: {
        tags: [OPENAI_TAG],
        summary: 'A text spoken',
        consumes: ['application/json'],
        body: { content: { 'application/json': { schema: Body } } },
        response: {
          200: {
            description: 'The sound as it is made; 24 kHz mono in every format',
            content: Object.fromEntries(
              [...Object.values(audioFormats).map(format => format.type), 'text/event-stream'].map(type => [
                type,
                { schema: { type: 'string', format: 'binary' } },
              ]),
            ),
          },
          ...openAiErrorAnswers(404, 502, 504),
        },
      },
      handler,
    })
  }
}

export function formatOf(name: string | undefined, param = 'response_format') {
  const format = audioFormats[name || 'mp3']
  if (format && Object.hasOwn(audioFormats, name || 'mp3')) return format
  throw wrong(
    param,
    `There is no format "${name}" here.`,
    `Formats are ${Object.keys(audioFormats).join(', ')}.`,
  )
}

async function* encoded(
  encode: Encode,
  samples: AsyncIterable<Int16Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* encode(samples, signal)
  } catch (error) {
    if (!(error instanceof QuantvoxError && error.code === 'unsupported_media_type')) throw error
    throw wrong('response_format', error.message, error.mend)
  }
}

async function* eventsOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<object, void, undefined> {
  for await (const part of bytes)
    yield { type: 'speech.audio.delta', audio: Buffer.from(part).toString('base64') }
  // Voices here count no tokens.
  yield { type: 'speech.audio.done', usage: { input_tokens: 0, output_tokens: 0, total_tokens: 0 } }
}
