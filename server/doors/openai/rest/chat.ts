import type { FastifyPluginAsync } from 'fastify'
import Type from 'typebox'
import { listedTag } from '../../../llm/tagNames.ts'
import type { ReplyAudio } from '../../../record/replyAudio.ts'
import { chat } from '../../../session/parts/chat.ts'
import { withinPatience } from '../../../session/patience.ts'
import { events, json } from '../../rest/answers.ts'
import { OPENAI_TAG, openAiErrorAnswers, wrong } from '../errors.ts'
import { modelAsked, voiceAsked } from '../names.ts'
import { type AskedDependencies, asked } from './asked.ts'
import type { AudioJson } from './audioJson.ts'
import { type AnswerOptions, chunksOf, completionOf } from './chatAnswer.ts'
import { askingOf, ChatBody, messagesOf, readChat } from './chatRequest.ts'
import { sendEvents } from './events.ts'
import { formatOf } from './speech.ts'

/** Turn ids are UUIDs; another id is of no reply here. */
const uuid = /^[0-9a-f-]{36}$/

const Completion = Type.Object({
  id: Type.String({ description: 'chatcmpl- and the id of the turn in the record' }),
  object: Type.Literal('chat.completion'),
  created: Type.Integer(),
  model: Type.String({ description: 'that answered' }),
  choices: Type.Array(Type.Object({ index: Type.Integer(), finish_reason: Type.String() })),
  usage: Type.Object({ total_tokens: Type.Integer() }),
})

/** `POST /v1/chat/completions`: a turn whose conversation the client has. */
export function chatRoute(dependencies: AskedDependencies & { replies: ReplyAudio }): FastifyPluginAsync {
  const { stages, maxUploadBytes, maxJsonBytes, replies } = dependencies

  const spoken = async (id: string) => (uuid.test(id) ? ((await stages.store.get(id))?.reply ?? null) : null)

  const handler = asked(stages, async (request, reply, context, signal) => {
    const body = request.body as AudioJson | undefined
    if (body === undefined || body === null) throw wrong('messages', 'The request has no body.')
    const read = readChat(body.json)
    const part = context()
    const format = audioFormat(read)
    const llmModel = modelAsked(read.model) ?? (await withinPatience(stages.settings.llmModel()))
    const question = {
      messages: await messagesOf(read, body, maxUploadBytes, spoken),
      ...{ llmModel, asking: askingOf(read, stages.settings.contextTokens) },
      voice: format === null ? stages.voice('none') : voiceAsked(read.audio?.voice, stages),
    }
    const options: AnswerOptions = {
      ...{ turnId: request.id, model: listedTag(llmModel), format },
      includesUsage: read.stream_options?.include_usage ?? false,
      oneCall: read.parallel_tool_calls === false,
    }
    const replying = chat(question, { ...part, replies }, signal)
    if (read.stream) return await sendEvents(reply, chunksOf(replying, options))
    const answer = await completionOf(replying, options, signal)
    return reply.type('application/json; charset=utf-8').send(JSON.stringify(answer))
  })

  return async app => {
    app.post('/v1/chat/completions', {
      bodyLimit: Math.ceil(maxUploadBytes * 1.4) + maxJsonBytes,
      schema: {
        tags: [OPENAI_TAG],
        summary: 'An answer to messages, with tools and sound both ways',
        consumes: ['application/json'],
        body: { content: { 'application/json': { schema: ChatBody } } },
        response: {
          200: {
            description: 'The answer, or with `stream` its chunks',
            content: { ...json('', Completion).content, ...events('').content },
          },
          ...openAiErrorAnswers(403, 404, 409, 422, 502, 504),
        },
      },
      handler,
    })
  }
}

/** Our name of what the reply is to be spoken as; null where it is text. */
function audioFormat({ modalities = [], audio, stream }: ChatBody): string | null {
  if (!modalities.includes('audio')) return null
  if (audio === undefined) throw wrong('audio', 'An answer in sound needs "audio" with its format.')
  const format = audio.format === 'pcm16' ? 'pcm' : audio.format
  formatOf(format, 'audio.format')
  if (!stream || format === 'pcm') return format
  throw wrong('audio.format', 'Sound is streamed as pcm16 only.')
}
