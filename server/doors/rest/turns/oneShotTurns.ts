import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { decodeAudio } from '../../../audio/decodeAudio.ts'
import { QuantvoxError } from '../../../errors.ts'
import type { Log } from '../../../log.ts'
import {
  type CompareWith,
  PairAnswer,
  type PairMessage,
  TextTurn,
  TurnAnswer,
  TurnQuery,
  TurnUpload,
} from '../../../protocol/turns.ts'
import type { ReplyAudio } from '../../../record/replyAudio.ts'
import { askOnce, type OneQuestion } from '../../../session/askOnce.ts'
import { askPair, pairedQuestion } from '../../../session/askPair.ts'
import type { Stages } from '../../../session/stages.ts'
import { withLanguageCode } from '../../../spokenLanguage.ts'
import { serverTimingOf } from '../../../telemetry/serverTiming.ts'
import { events, json, problems } from '../answers.ts'
import { atOnce } from '../atOnce.ts'
import { clientSignal } from '../clientSignal.ts'
import { sendProblem } from '../problems.ts'
import { strictValidator } from '../strictValidator.ts'
import { collectAnswer, pairAnswer } from './turnAnswer.ts'
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

  /** Which turn of the next pair is asked first. */
  let nextFirst: 0 | 1 = 0

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
            'With `Accept: text/event-stream` the answer comes as events named as the socket messages; the spoken reply comes as a link in `audio.done`, with `?audio=events` also as it is made. With `compareWith` two combinations answer, one after the other: `turns` has both answers, and of events `pair` comes first and names the turns. Otherwise the header `Server-Timing` has what each stage took.',
          consumes: ['application/json', 'multipart/form-data'],
          querystring: TurnQuery,
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
                ...json('', Type.Union([TurnAnswer, PairAnswer])).content,
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
            ...problems(404, 503),
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

  async function uploadedClip(request: FastifyRequest): Promise<Asked> {
    const { clip, choices, compareWith } = await readUpload(request, maxUploadBytes)
    const arrivedAtMs = performance.now()
    const limits = { maxBytes: maxUploadBytes, maxSeconds: MAX_CLIP_SECONDS }
    return {
      input: { decode: signal => decodeAudio(clip, limits, signal) },
      choices: withLanguageCode(choices),
      source: 'rest',
      arrivedAtMs,
      compareWith,
    }
  }

  async function takePair(
    question: OneQuestion,
    compareWith: CompareWith,
    { reply, sendsAudio }: { reply: FastifyReply; sendsAudio: boolean },
    log: Log,
    signal: AbortSignal,
  ) {
    const pair = pairedQuestion(question, compareWith, nextFirst)
    nextFirst = nextFirst === 0 ? 1 : 0
    const { pairId, turnIds } = pair
    const typed = typedIn(question)
    const collect = () => collectAnswer(reply.sse, typed, sendsAudio)
    const answers = [collect(), collect()] as const
    await reply.sse?.send({ event: 'pair', data: { type: 'pair', pairId, turnIds } satisfies PairMessage })
    await askPair(pair, { stages, replies, log, sinks: [answers[0].sink, answers[1].sink] }, signal)
    if (reply.sse) {
      await Promise.all(answers.map(({ sent }) => sent()))
      reply.sse.close()
      return reply
    }
    const [chosen, compared] = [answers[0].result(), answers[1].result()]
    // Who left has not been asked for the second, and hears neither.
    if (chosen === null || compared === null) return reply.send()
    return isRefusal(chosen.error) && isRefusal(compared.error)
      ? sendProblem(reply, chosen.error, chosen.answer.turnId)
      : pairAnswer(pairId, [chosen, compared])
  }

  async function takeTurn(request: FastifyRequest, reply: FastifyReply) {
    const signal = clientSignal(reply)
    const asked = request.isMultipart() ? await uploadedClip(request) : readText(request.body)
    const { compareWith, ...question } = asked
    const sendsAudio = (request.query as TurnQuery).audio === 'events'
    if (compareWith !== undefined)
      return takePair(question, compareWith, { reply, sendsAudio }, request.log, signal)
    const { sink, sent, result } = collectAnswer(reply.sse, typedIn(question), sendsAudio)
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
    return isRefusal(error) ? sendProblem(reply, error, answer.turnId) : answer
  }
}

/** A reply without a word is an answer all the same. */
const isRefusal = (error: QuantvoxError | null): error is QuantvoxError =>
  error !== null && error.code !== 'empty_reply'

type Asked = OneQuestion & { compareWith: CompareWith | undefined }

function typedIn({ input }: OneQuestion): string {
  return 'text' in input ? input.text.trim() : ''
}

function readText(body: unknown): Asked {
  // Fastify checks a body by its media type, so one that did not come at all gets here.
  if (body === undefined || body === null)
    throw new QuantvoxError('invalid_request', 'The request has no body.', {
      mend: 'Send JSON with "text", or a form with the file "audio".',
    })
  const { text, compareWith, ...choices } = body as TextTurn
  if (text.trim() === '')
    throw new QuantvoxError('invalid_request', 'The text is blank.', { mend: 'Ask something.' })
  return {
    input: { text },
    choices: withLanguageCode(choices),
    source: 'rest',
    arrivedAtMs: performance.now(),
    compareWith,
  }
}
