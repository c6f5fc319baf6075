import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createPulls } from '../../../server/engines/pulls.ts'
import { createLiveApp } from '../../support/fakes/fakeLive.ts'
import { startTestApp, type TestApp } from '../../support/testApp.ts'

const token = 'a-token-of-some-length'
const withToken = (given: string) => ({ url: '/v1/voices', headers: { authorization: `Bearer ${given}` } })

/** Milliseconds until the answer, and its status. */
async function timed({ app }: TestApp, request: { url: string; headers: Record<string, string> }) {
  const from = performance.now()
  const { statusCode } = await app.inject(request)
  return { statusCode, ms: performance.now() - from }
}

describe('wrong tokens', () => {
  test('are answered later and later, and logged with the address; the right one is not slowed', async () => {
    const server = await startTestApp({ settings: { AUTH_TOKEN: token } })
    let slowest = 0
    for (let wrong = 1; wrong <= 6; wrong++) {
      const answer = await timed(server, withToken(`wrong-${wrong}`))
      expect(answer.statusCode).toBe(401)
      slowest = answer.ms
    }
    expect(slowest).toBeGreaterThan(700)
    const guessing = timed(server, withToken('wrong again'))
    await sleep(20)
    const right = await timed(server, withToken(token))
    expect([right.statusCode, right.ms < (await guessing).ms / 2]).toEqual([200, true])
    const logged = server.logLines
      .filter(line => line.includes('a wrong token'))
      .map(line => JSON.parse(line))
    expect(logged.at(-1)).toMatchObject({ address: '127.0.0.1', wrong: 7 })
    expect(server.logLines.join('')).not.toContain('wrong-1')
  })

  test('that come all at once wait for each other, or are refused at once', async () => {
    const server = await startTestApp({ settings: { AUTH_TOKEN: token } })
    const answers = Array.from({ length: 200 }, (_, i) => server.app.inject(withToken(`wrong-${i}`)))
    const refused = await Promise.race(answers.slice(100))
    expect([refused.statusCode, refused.json().code]).toEqual([429, 'rate_limited'])
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(5)
    const closing = performance.now()
    await server.app.close()
    expect(performance.now() - closing).toBeLessThan(1000)
    expect(new Set((await Promise.all(answers)).map(({ statusCode }) => statusCode))).toEqual(
      new Set([401, 429]),
    )
  })

  test('a wrong ticket counts, a missing token does not', async () => {
    const server = await createLiveApp({ settings: { AUTH_TOKEN: token } })
    onTestFinished(() => server.app.close())
    for (let i = 0; i < 20; i++) expect((await server.app.inject('/v1/voices')).statusCode).toBe(401)
    expect(server.logLines.join('')).not.toContain('a wrong token')
    await server.app.inject('/v1/voice?ticket=wrong')
    expect(server.logLines.join('')).toContain('a wrong token')
  })
})

test('of what a client sent, the log has at most 100 characters a line', async () => {
  const long = 'ab\u001b'.repeat(2000)
  const letters = 'ab'.repeat(3000)
  const server = await startTestApp()
  for (const request of [
    { url: `/${letters}` },
    { url: `/v1/turns/${letters}` },
    { url: `/v1/%ff${letters}` },
    { url: `/v1/turns?${letters}=1` },
    { url: `/v1/turns?format=${letters}` },
    { url: '/v1/voices', headers: { host: letters } },
    { url: '/v1/voices', headers: { origin: `http://${letters}` } },
    { url: '/v1/turns', method: 'POST' as const, headers: { 'content-type': letters }, payload: 'x' },
    { url: '/v1/turns', method: 'POST' as const, payload: { [long]: '' } },
    { url: '/v1/turns', method: 'POST' as const, payload: { text: 'a', voice: long.slice(0, 200) } },
  ]) {
    expect((await server.app.inject(request)).statusCode).toBeGreaterThanOrEqual(400)
  }
  expect(server.logLines.length).toBeGreaterThan(5)
  for (const line of server.logLines) {
    expect(line.match(/(ab|ab\\u001b| )+/g)?.filter(part => part.length > 100) ?? []).toEqual([])
    expect(JSON.parse(line).msg.length).toBeLessThanOrEqual(100)
    expect(line).not.toContain('\\u001b')
  }
})

test('a fourth pull at once is at_capacity, one of those that run is joined', async () => {
  const pulls = createPulls(
    (_name, _tell, signal) => new Promise((_, fail) => signal.addEventListener('abort', fail)),
  )
  const server = await startTestApp({ dependencies: { languagePulls: pulls } })
  const pull = (name: string) =>
    server.app.inject({ method: 'POST', url: '/v1/models/language/pull', payload: { name } })
  const running = ['a', 'b', 'c', 'a'].map(pull)
  await expect.poll(pulls.running).toEqual(['a', 'b', 'c'])
  const refused = await pull('d')
  expect([refused.statusCode, refused.json().code]).toEqual([503, 'at_capacity'])
  expect(refused.headers['retry-after']).toMatch(/^\d+$/)
  pulls.stop()
  await Promise.all(running)
})

test('a third summary waits for the first two; one that waits too long is at_capacity', async () => {
  const server = await startTestApp()
  const held = Promise.withResolvers<void>()
  let begun = 0
  server.stages.store.stream = async function* () {
    begun++
    await held.promise
    yield* []
  }
  const summary = () => server.app.inject('/v1/summary')
  const running = [summary(), summary(), summary()]
  await sleep(50)
  expect(begun).toBe(2)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const late = summary()
  await sleep(50)
  await vi.advanceTimersByTimeAsync(30_000)
  vi.useRealTimers()
  const refused = await late
  expect([refused.statusCode, refused.json().code]).toEqual([503, 'at_capacity'])
  expect(refused.headers['retry-after']).toMatch(/^\d+$/)
  held.resolve()
  expect((await Promise.all(running)).map(({ statusCode }) => statusCode)).toEqual([200, 200, 200])
})
