import type { FastifyPluginAsync } from 'fastify'
import Type from 'typebox'
import { QuantvoxError } from '../../errors.ts'
import { Readiness, ServerInfo } from '../../protocol/info.ts'
import type { Tickets } from '../access/tickets.ts'
import { json, problems } from './answers.ts'

export type HealthDependencies = {
  readiness(): Promise<Readiness>
  info(): Promise<ServerInfo>
  tickets: Tickets
}

type Role = { role: 'all' | 'voice' | 'engines' | 'lab' }

/** Is it alive, is it ready, does it take work, what is it; and tickets for sockets. */
export function healthRoutes({
  readiness,
  info,
  tickets,
  role,
}: HealthDependencies & Role): FastifyPluginAsync {
  return async app => {
    app.setSerializerCompiler(() => data => JSON.stringify(data))
    const tags = ['Server']
    const notReady = {
      description: 'Not ready, or shutting down',
      content: { ...json('', Readiness).content, ...problems(503)[503]?.content },
    }
    const alive = Type.Object({ status: Type.Literal('alive') })
    /** An engine that fails later fails for every replica, and taking all of them out would leave nobody to say so. */
    let wasReady = false

    app.get(
      '/livez',
      {
        config: { public: true },
        schema: { tags, summary: 'The process answers', response: { 200: json('Alive', alive) } },
      },
      async () => ({ status: 'alive' }),
    )
    app.get(
      '/readyz',
      {
        config: { public: true },
        schema: {
          tags,
          summary: 'A turn can be answered; else what is not ready and why',
          response: { 200: json('Ready', Readiness), 503: notReady },
        },
      },
      async (_request, reply) => {
        const state = await readiness()
        return reply.code(state.ready ? 200 : 503).send(state)
      },
    )
    app.get(
      '/acceptz',
      {
        config: { public: true },
        schema: {
          tags,
          summary: 'This process takes work: it was ready once, does not shut down, and has a role for it',
          description:
            'For balancers. One that is full takes work, too: the balancer counts sessions and lets others wait.',
          response: {
            200: json('It takes sessions and turns', Type.Object({ accepting: Type.Literal(true) })),
            ...problems(409, 503),
          },
        },
      },
      async () => {
        if (role === 'engines' || role === 'lab') {
          throw new QuantvoxError(
            'invalid_state',
            `This process has the role ${role}: it takes no work from a balancer.`,
          )
        }
        wasReady ||= (await readiness()).ready
        if (wasReady) return { accepting: true }
        throw new QuantvoxError('model_loading', 'This process was not ready yet since it started.', {
          mend: 'GET /readyz says what is missing.',
          retryAfterSeconds: 1,
        })
      },
    )
    app.get(
      '/v1/info',
      {
        schema: {
          tags,
          summary: 'Version, engines, limits, defaults, hardware',
          response: { 200: json('Info', ServerInfo) },
        },
      },
      () => info(),
    )
    app.post(
      '/v1/tickets',
      {
        schema: {
          tags,
          summary: 'A ticket for one socket, good for 60 s',
          response: {
            200: json('Ticket', Type.Object({ ticket: Type.String(), expiresAt: Type.String() })),
          },
        },
      },
      async () => tickets.issue(),
    )
  }
}
