import type { FastifyPluginAsync } from 'fastify'
import openAiErrors from '../errors.ts'
import { type ListDependencies, listRoutes } from './lists.ts'

/** What clients of OpenAI's REST API ask for. */
export function openAiRoutes(dependencies: ListDependencies): FastifyPluginAsync {
  return async app => {
    await app.register(openAiErrors)
    await app.register(listRoutes(dependencies))
  }
}
