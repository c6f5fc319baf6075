import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { decodeAudio } from '../../../audio/decodeAudio.ts'
import { QuantvoxError } from '../../../errors.ts'
import { TextTurn, TurnAnswer, TurnUpload } from '../../../protocol/turns.ts'
import type { ReplyAudio } from '../../../record/replyAudio.ts'
import { askOnce, type OneQuestion } from '../../../session/askOnce.ts'
import type { Stages } from '../../../session/stages.ts'
import { withLanguageCode } from '../../../spokenLanguage.ts'
import { serverTimingOf } from '../../../telemetry/serverTiming.ts'
import { events, json, problems } from '../answers.ts'
import { atOnce } from '../atOnce.ts'
import { clientSignal } from '../clientSignal.ts'
import { sendProblem } from '../problems.ts'
import { strictValidator } from '../strictValidator.ts'
import { collectAnswer } from './turnAnswer.ts'
import { readUpload } from './upload.ts'

/** Longest clip that one request may bring, seconds of decoded audio. */
export const MAX_CLIP_SECONDS = 600

type OneShotDependencies = {
  stages: Stages
  replies: ReplyAudio
  maxUploadBytes: number
  /** Turns at once; one more is `at_capacity`. */
  maxTurns: number
}

/** `POST /v1/turns` (a clip or text in, an answer out, as JSON or as SSE) and the spoken reply by link. */
export function oneShotTurnRoutes(dependencies: OneShotDependencies): FastifyPluginAsync {
  const { stages, replies, maxUploadBytes, maxTurns } = dependencies
  const limited = atOnce(maxTurns, `${maxTurns} turns are running already.`, {
    mend: 'Try again in a moment, or raise MAX_SESSIONS.',
    retryAfterSeconds: 2,
  })

  return async app => {
    app.setValidatorCompiler(route => (route.schema === TurnUpload ? () => true : strictValidator(route)))
    app.setSerializerCompiler(() => data => JSON.stringify(data))

    app.post(
      '/v1/turns',
      {
        sse: 'dual',
        schema: {
          tags: ['Turns'],
          summary: 'Ask once: a recorded or typed question in, the answer and where the time went out',
          description:
            'With `Accept: text/event-stream` the answer comes as events named as the socket messages; the spoken reply comes as a link in `audio.done`. Otherwise the header `Server-Timing` has what each stage took.',
          consumes: ['application/json', 'multipart/form-data'],
          body: {
            content: {
              'application/json': { schema: TextTurn },
              'multipart/form-data': { schema: TurnUpload },
            },
          },
          response: {
            200: {
              description: 'The answer',
              content: {
                ...json('', TurnAnswer).content,
                ...events('').content,
              },
            },
            ...problems(404, 409, 422, 502, 504),
          },
        },
      },
      (request, reply) => limited(() => takeTurn(request, reply)),
    )

    app.get(
      '/v1/turns/:turnId/reply.wav',
      {
        schema: {
          tags: ['Turns'],
          summary: 'The spoken reply of a turn, kept for 10 minutes, longer with SAVE_AUDIO',
          params: Type.Object({ turnId: Type.String({ format: 'uuid' }) }),
          response: {
            200: { description: 'WAV, 16-bit mono', content: { 'audio/wav': { schema: Type.String() } } },
          },
        },
      },
      async (request, reply) => {
        const { turnId } = request.params as { turnId: string }
        const wav = await replies.wav(turnId)
        if (wav === null) {
          throw new QuantvoxError('not_found', 'There is no spoken reply of that turn.', {
            meaning: 'It was not spoken, or more than 10 minutes have passed.',
            mend: 'Set SAVE_AUDIO=true to keep replies.',
          })
        }
        return reply
          .type('audio/wav')
          .serializer((data: Buffer) => data as unknown as string)
          .send(wav)
      },
    )
  }

  async function uploadedClip(request: FastifyRequest): Promise<OneQuestion> {
    const { clip, choices } = await readUpload(request, maxUploadBytes)
    const arrivedAtMs = performance.now()
    const limits = { maxBytes: maxUploadBytes, maxSeconds: MAX_CLIP_SECONDS }
    return {
      input: { decode: signal => decodeAudio(clip, limits, signal) },
      choices: withLanguageCode(choices),
      source: 'rest',
      arrivedAtMs,
    }
  }

  async function takeTurn(request: FastifyRequest, reply: FastifyReply) {
    const signal = clientSignal(reply)
    const question = request.isMultipart() ? await uploadedClip(request) : readText(request.body)
    const { sink, sent, result } = collectAnswer(reply.sse, typedIn(question))
    await askOnce(question, { stages, replies, sink, log: request.log }, signal)
    if (reply.sse) {
      await sent()
      reply.sse.close()
      return reply
    }
    const over = result()
    if (over === null) throw new Error('A turn ended without its record.')
    const { answer, error } = over
    // With events the headers are out before the turn begins: there `turn.done` has the timings.
    const serverTiming = serverTimingOf(answer.timings)
    if (serverTiming !== '') reply.header('server-timing', serverTiming)
    // A reply without a word is an answer all the same.
    const isAnswer = error === null || error.code === 'empty_reply'
    return isAnswer ? answer : sendProblem(reply, error, answer.turnId)
  }
}

function typedIn({ input }: OneQuestion): string {
  return 'text' in input ? input.text.trim() : ''
}

function readText(body: unknown): OneQuestion {
  // Fastify checks a body by its media type, so one that did not come at all gets here.
  if (body === undefined || body === null)
    throw new QuantvoxError('invalid_request', 'The request has no body.', {
      mend: 'Send JSON with "text", or a form with the file "audio".',
    })
  const { text, ...choices } = body as TextTurn
  if (text.trim() === '')
    throw new QuantvoxError('invalid_request', 'The text is blank.', { mend: 'Ask something.' })
  return {
    input: { text },
    choices: withLanguageCode(choices),
    source: 'rest',
    arrivedAtMs: performance.now(),
  }
}
