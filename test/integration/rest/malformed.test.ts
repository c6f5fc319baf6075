import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLiveApp, type LiveApp } from '../../support/fakes/fakeLive.ts'

type Document = { paths: Record<string, Record<string, { tags?: string[] }>> }

let live: LiveApp
let routes: { url: string; isOpenAi: boolean }[]
beforeAll(async () => {
  live = await createLiveApp({ settings: { AUTH_TOKEN: 'a-token-of-some-length' } })
  const { paths } = (await live.app.inject('/openapi.json')).json<Document>()
  routes = Object.entries(paths).map(([url, methods]) => ({
    url,
    isOpenAi: Object.values(methods).some(({ tags }) => tags?.includes('OpenAI')),
  }))
})
afterAll(() => live.app.close())

const malformed = ['%', '%f', '%zz', '%ff', '%E0%A4', '%C0%AF', 'a%', '%%', '%u0041']

/** Of a route with parameters each of them is spoilt, of one without what follows it. */
const spoilt = (url: string, piece: string) =>
  url.includes('{') ? url.replace(/\{\w+\}/g, piece) : `${url}/${piece}`

describe('an address that cannot be decoded', () => {
  test.each(malformed)('%s is refused at every route, in the shape that its clients read', async piece => {
    expect(routes.filter(({ isOpenAi }) => isOpenAi).length).toBeGreaterThan(5)
    for (const { url, isOpenAi } of routes) {
      for (const method of ['GET', 'POST', 'DELETE'] as const) {
        const answer = await live.app.inject({ method, url: spoilt(url, piece) })
        const { status, code, error } = answer.json()
        const seen = { url, method, http: answer.statusCode, type: answer.headers['content-type'] }
        if (isOpenAi) {
          expect({ ...seen, error }).toEqual({
            ...{ url, method, http: 400, type: expect.stringMatching(/^application\/json/) },
            error: {
              ...{ type: 'invalid_request_error', code: 'invalid_request', param: null },
              message: expect.stringContaining(piece),
            },
          })
          expect(answer.headers).toMatchObject({
            'x-should-retry': 'false',
            'x-request-id': expect.any(String),
          })
        } else {
          expect({ ...seen, status, code }).toEqual({
            ...{ url, method, http: 400, status: 400, code: 'invalid_request' },
            type: expect.stringMatching(/^application\/problem\+json/),
          })
        }
      }
    }
  })

  test.each(['/v1/modelsx/%', '/%', '/v1/models/language/pulls/%'])(
    '%s, which is none of the routes of OpenAI, is a problem',
    async url => {
      expect((await live.app.inject(url)).headers['content-type']).toMatch(/^application\/problem/)
    },
  )
})
