import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ApiError, createApi } from '../../../client/api.ts'

beforeEach(() => vi.stubGlobal('document', { baseURI: 'https://host.example/quantvox/' }))
afterEach(() => vi.unstubAllGlobals())

function answering(response: Response) {
  const fetched = vi.fn(async (_path: string, _init: RequestInit) => response)
  vi.stubGlobal('fetch', fetched)
  return fetched
}

describe('the api of the page', () => {
  test('sends the token and reads JSON', async () => {
    const fetched = answering(Response.json({ items: [1] }))
    const api = createApi({ token: () => 'secret', unauthorized() {}, unreachable() {} })
    expect(await api.get('/v1/turns')).toEqual({ items: [1] })
    expect(fetched.mock.calls[0]?.[0]).toBe('https://host.example/quantvox/v1/turns')
    expect(new Headers(fetched.mock.calls[0]?.[1].headers).get('authorization')).toBe('Bearer secret')
  })

  test('a problem is thrown with what it means and what mends it', async () => {
    const problem = {
      code: 'model_not_found',
      detail: 'No such tag.',
      meaning: 'Nothing changed.',
      mend: 'Pull it.',
    }
    answering(Response.json(problem, { status: 404 }))
    const api = createApi({ token: () => null, unauthorized() {}, unreachable() {} })
    const failure = await api.send('POST', '/v1/turns', {}).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ApiError)
    expect(failure).toMatchObject({ code: 'model_not_found', message: 'No such tag.', mend: 'Pull it.' })
  })

  test('an answer of something else than the server is still an error with a code', async () => {
    answering(new Response('<html>', { status: 502 }))
    const api = createApi({ token: () => null, unauthorized() {}, unreachable() {} })
    await expect(api.get('/v1/info')).rejects.toMatchObject({ code: 'internal', message: /502/ })
  })

  test('says when the token is refused, and when nobody answers', async () => {
    answering(Response.json({ code: 'unauthorized', detail: 'The token is wrong.' }, { status: 401 }))
    const unauthorized = vi.fn()
    const unreachable = vi.fn()
    const api = createApi({ token: () => 'wrong', unauthorized, unreachable })
    await expect(api.get('/v1/info')).rejects.toMatchObject({ code: 'unauthorized' })
    expect(unauthorized).toHaveBeenCalledOnce()
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')))
    expect(unreachable).not.toHaveBeenCalled()
    await expect(api.get('/v1/info')).rejects.toMatchObject({ code: 'unreachable' })
    expect(unreachable).toHaveBeenCalledOnce()
  })
})
