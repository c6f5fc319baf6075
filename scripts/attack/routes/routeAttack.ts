import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import Value from 'typebox/value'
import { OpenAiError } from '../../../server/doors/openai/errors.ts'
import { Problem } from '../../../server/protocol/problem.ts'
import type { Attack, Dice } from '../attack.ts'
import { broken, brokenJson, chance, type Schema, valueFor } from '../broken.ts'
import { deadAt, startTarget } from '../target.ts'

type Parameter = { in: string; name: string; required?: boolean; schema: Schema }
type Operation = {
  parameters?: Parameter[]
  requestBody?: { content: Record<string, { schema: Schema }> }
  responses: Record<string, unknown>
}
type Route = { method: string; path: string; operation: Operation }
type Sent = { method: string; path: string; headers: Record<string, string>; body: string }

const ANSWER_WITHIN_MS = 20_000
/** What an engine may do to a request; any other 5xx is a fault of the server. */
const ofEngines = new Set([
  ...['engine_unavailable', 'engine_failed', 'engine_timeout', 'model_loading'],
  ...['at_capacity', 'shutting_down'],
])

/** What is answered before a route is found, or to a path that is not its any more. */
const beforeRoutes = new Set([400, 404, 414, 431])

/**
 * Requests to every route of `/openapi.json`, each with something broken in path, query, headers or body: a refusal is a problem
 * with a code, no 5xx comes but an engine's, and no status that OpenAPI does not list.
 */
export const routeAttack: Attack = {
  name: 'routes',
  description: 'Sends broken values to every route, by its schema',
  shortCount: 2000,
  async start() {
    const { url, stop } = await startTarget()
    const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, Operation>>
    }
    const routes = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => ({ method, path, operation })),
    )
    return {
      async attempt(dice) {
        const route = dice.oneOf(routes)
        const sent = requestTo(route, dice)
        const answer = await send(url, sent)
        const isOfRoute = sent.method === route.method.toUpperCase()
        const wrong = wrongWith(answer, isOfRoute ? route.operation : null) ?? (await deadAt(url))
        const asked = `${sent.method} ${sent.path.slice(0, 150)} ${sent.body.slice(0, 150)}`
        return { ending: String(answer.status), fault: wrong === null ? null : `${wrong}: ${asked}` }
      },
      stop,
    }
  },
}

function requestTo({ method, path, operation }: Route, dice: Dice): Sent {
  const given = (place: string) => {
    const of = (operation.parameters ?? []).filter(parameter => parameter.in === place)
    const values = Object.fromEntries(of.map(({ name, schema }) => [name, valueFor(schema, dice)]))
    return chance(dice, 0.8) ? (broken(values, dice) as object) : values
  }
  const inPath: Record<string, unknown> = { ...given('path') }
  const query = Object.entries({ ...given('query') })
    .map(([name, value]) => `${encoded(name, dice)}=${encoded(asText(value), dice)}`)
    .join('&')
  const filled = path.replace(/\{(\w+)\}/g, (_, name) =>
    encoded(asText(inPath[name] ?? 'x').slice(0, 5000), dice),
  )
  const types = Object.entries(operation.requestBody?.content ?? {})
  const [type, { schema }] = types.length > 0 ? dice.oneOf(types) : ['application/json', { schema: {} }]
  const body = bodyOf(type, schema, dice)
  const hasBody = types.length > 0 || chance(dice, 0.1)
  const length = { 'content-length': String(Buffer.byteLength(body.text)) }
  return {
    method: chance(dice, 0.03) ? dice.oneOf(['PUT', 'PATCH', 'OPTIONS', 'HEAD']) : method.toUpperCase(),
    path: `${filled}${query === '' ? '' : `?${query}`}`.slice(0, 12_000),
    // Node gives the body of a GET no length, and the server would take it for the next request.
    headers: hasBody
      ? {
          ...length,
          'content-type': chance(dice, 0.9)
            ? body.type
            : dice.oneOf(['', 'text/plain', 'application/xml', '/']),
        }
      : {},
    body: hasBody ? body.text : '',
  }
}

function bodyOf(type: string, schema: Schema, dice: Dice): { type: string; text: string } {
  const value = broken(valueFor(schema, dice), dice)
  if (type !== 'multipart/form-data') return { type, text: brokenJson(value, dice) }
  const boundary = 'limit'
  const parts = Object.entries(typeof value === 'object' && value !== null ? value : {}).map(
    ([name, each]) =>
      `--${boundary}\r\ncontent-disposition: form-data; name=${JSON.stringify(name)}${
        name === 'audio' || chance(dice, 0.2) ? '; filename="../a.wav"' : ''
      }\r\n\r\n${asText(each)}\r\n`,
  )
  const end = chance(dice, 0.8) ? `--${boundary}--\r\n` : ''
  return { type: `${type}; boundary=${boundary}`, text: parts.join('') + end }
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

/** Percent-encoded, twice, or raw where HTTP allows it. */
function encoded(text: string, dice: Dice): string {
  const once = encodeURIComponent(text.toWellFormed())
  if (chance(dice, 0.1)) return encodeURIComponent(once)
  return chance(dice, 0.1) ? text.replace(/[^!-~]|[#?&]/g, '') : once
}

type Answer = { status: number; type: string; body: string }

function send(url: string, { method, path, headers, body }: Sent): Promise<Answer> {
  return new Promise((settle, refuse) => {
    const asking = request(
      url,
      { method, path, headers, agent: false, timeout: ANSWER_WITHIN_MS },
      answer => {
        const { statusCode: status = 0, headers } = answer
        const told = { status, type: headers['content-type'] ?? '' }
        if (status < 400) {
          // Streams of events have no end of their own.
          settle({ ...told, body: '' })
          answer.destroy()
          return
        }
        text(answer).then(body => settle({ ...told, body }), refuse)
      },
    )
    asking.on('timeout', () => asking.destroy(new Error(`none within ${ANSWER_WITHIN_MS} ms`)))
    asking.on('error', refuse)
    asking.end(body)
  })
}

function wrongWith({ status, type, body }: Answer, operation: Operation | null): string | null {
  if (operation !== null && !(status in operation.responses) && !beforeRoutes.has(status))
    return `status ${status}, which OpenAPI does not list`
  if (status < 400) return null
  // An answer to HEAD has no body.
  if (body === '' && type !== '') return status < 500 ? null : `status ${status}`
  let problem: unknown
  try {
    problem = JSON.parse(body)
  } catch {
    return `status ${status} without a problem: ${body.slice(0, 100)}`
  }
  const code = Value.Check(OpenAiError, problem)
    ? problem.error.code
    : Value.Check(Problem, problem)
      ? problem.code
      : null
  if (code === null) return `status ${status} without a problem: ${body.slice(0, 200)}`
  // A part of OpenAI's API that is not there.
  if (status === 501) return null
  return status >= 500 && !ofEngines.has(code) ? `status ${status}, ${code}` : null
}
