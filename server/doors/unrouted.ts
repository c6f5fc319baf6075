import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { OPENAI_TAG, sendOpenAiError } from './openai/errors.ts'
import { loggedError, sendProblem } from './rest/problems.ts'

/**
 * What is refused before there is a route, because the address is none or too long: told as the routes tell errors for which it was
 * meant. No hook of theirs has run.
 */
export function createUnrouted() {
  /** Literal beginnings of the routes' addresses, and whether they are OpenAI's. */
  const beginnings = new Map<string, boolean>()

  function isForOpenAi(url: string): boolean {
    const [path = ''] = url.replace(/^https?:\/\/[^/]*/, '').split('?')
    let longest = ''
    for (const beginning of beginnings.keys()) {
      const isBegun = path.startsWith(beginning.endsWith('/') ? beginning : `${beginning}/`)
      if (isBegun && beginning.length > longest.length) longest = beginning
    }
    return beginnings.get(longest) ?? false
  }

  return {
    routes: fp(async (app: FastifyInstance) => {
      app.addHook('onRoute', ({ url, schema }) => {
        const [beginning = ''] = url.split(/[:*]/)
        const isOpenAi = schema?.tags?.includes(OPENAI_TAG) ?? false
        beginnings.set(beginning, isOpenAi || beginnings.get(beginning) === true)
      })
    }),
    refuse(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
      const known = loggedError(error, request)
      if (isForOpenAi(request.url)) sendOpenAiError(reply.header('x-request-id', request.id), known)
      else sendProblem(reply, known)
    },
  }
}
