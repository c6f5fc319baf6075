import type { TSchema } from 'typebox'
import { Problem } from '../../protocol/problem.ts'

/** Response schemas of the routes, for OpenAPI. */

export const json = <T extends TSchema>(description: string, schema: T) => ({
  description,
  content: { 'application/json': { schema } },
})

export function problems(...statuses: number[]) {
  const content = { 'application/problem+json': { schema: Problem } }
  return Object.fromEntries(statuses.map(status => [status, { description: 'Problem details', content }]))
}

export const events = (description: string) => ({
  description,
  content: { 'text/event-stream': { schema: { type: 'string' } } },
})
