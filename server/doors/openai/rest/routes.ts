import type { FastifyPluginAsync } from 'fastify'
import type { ReplyAudio } from '../../../record/replyAudio.ts'
import openAiErrors from '../errors.ts'
import { limitRequests } from './asked.ts'
import { readAudioJson } from './audioJson.ts'
import { chatRoute } from './chat.ts'
import { type ListDependencies, listRoutes } from './lists.ts'
import { speechRoute } from './speech.ts'
import { type TranscriptionDependencies, transcriptionRoutes } from './transcriptions.ts'

/** What clients of OpenAI's REST API ask for. */
export function openAiRoutes(
  dependencies: ListDependencies & TranscriptionDependencies & { replies: ReplyAudio },
): FastifyPluginAsync {
  return async app => {
    await app.register(openAiErrors)
    await app.register(listRoutes(dependencies))
    await app.register(async asking => {
      limitRequests(asking, dependencies.maxTurns)
      // Bodies are checked by who reads them.
      asking.setValidatorCompiler(() => () => true)
      asking.setSerializerCompiler(() => data => data as string)
      asking.removeContentTypeParser('application/json')
      asking.addContentTypeParser(
        'application/json',
        { parseAs: 'buffer' },
        async (_request: unknown, body: Buffer) =>
          body.length === 0 ? undefined : readAudioJson(body, dependencies.maxJsonBytes),
      )
      await asking.register(transcriptionRoutes(dependencies))
      await asking.register(speechRoute(dependencies))
      await asking.register(chatRoute(dependencies))
    })
  }
}
