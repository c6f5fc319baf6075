import { expect, test } from 'vitest'
import { createClock } from '../../../../scripts/bench/sizing/events.ts'
import { createFifoPool } from '../../../../scripts/bench/sizing/fifoPool.ts'
import { createLanguagePool, type Policy } from '../../../../scripts/bench/sizing/languagePool.ts'
import { type Draw, exponential, fixed } from '../../../../scripts/bench/sizing/profile.ts'
import { randomFrom } from '../../../../server/shared/seeded.ts'

const ARRIVALS = 200_000

/** Mean wait of jobs that come at random at this rate. */
function meanWait(servers: number, perMs: number, service: Draw): number {
  const clock = createClock()
  const random = randomFrom(1)
  const pool = createFifoPool(clock, servers)
  let [waited, begun] = [0, 0]
  function arrive(): void {
    pool.ask(
      {
        ms: service(random),
        done: () => {},
        begun: ms => {
          waited += ms
          begun++
        },
      },
      true,
    )
    if (begun < ARRIVALS) clock.after(exponential(1 / perMs)(random), arrive)
  }
  arrive()
  clock.run(Number.MAX_SAFE_INTEGER)
  return waited / begun
}

const within = (value: number, expected: number, share: number) =>
  expect(Math.abs(value - expected) / expected, `${value} for ${expected}`).toBeLessThan(share)

test('one server with exponential and with fixed times keeps whom it serves waiting as M/M/1 and M/D/1 say', () => {
  // ρ = 0.8, a service of 1: ρ / (1 - ρ), and half of it.
  within(meanWait(1, 0.8, exponential(1)), 4, 0.05)
  within(meanWait(1, 0.8, fixed(1)), 2, 0.05)
})

test('three servers with one queue keep waiting as Erlang C says', () => {
  // a = 2.4 erlang on 3: P(wait) = (a³/3! · 1/(1-ρ)) / (Σ a^k/k! + that), mean wait P / (3 - a).
  const a = 2.4
  const last = a ** 3 / 6 / (1 - a / 3)
  const waits = last / (1 + a + a ** 2 / 2 + last)
  within(meanWait(3, a, exponential(1)), waits / (3 - a), 0.05)
})

test('what may not wait is refused while all are at work, and what is taken back makes room', () => {
  const clock = createClock()
  const pool = createFifoPool(clock, 1)
  const ended: string[] = []
  const ask = (name: string, mayWait: boolean) =>
    pool.ask({ ms: 10, done: () => void ended.push(name) }, mayWait)
  const first = ask('first', false)
  expect(ask('refused', false)).toBeNull()
  const second = ask('second', true)
  ask('third', true)
  second?.()
  clock.run(5)
  first?.()
  clock.run(14)
  expect(ended).toEqual([])
  clock.run(15)
  expect(ended).toEqual(['third'])
  expect(pool.busyMs).toBe(15)
})

const rates = { promptTokensPerSecond: 1000, tokensPerSecond: 1000, batchGain: 0 }

/** Replies of 1 ms on the mean that come at random to one host: mean time in it, and that of Little's law. */
function sojourn(perMs: number, tokens: Draw, promptTokens: number) {
  const clock = createClock()
  const random = randomFrom(2)
  const pool = createLanguagePool(clock, {
    ...{
      hosts: 1,
      slots: Number.POSITIVE_INFINITY,
      rates,
      policy: 'central',
      cachedConversations: 0,
      random,
    },
  })
  let [arrived, ended, inside] = [0, 0, 0]
  function arrive(): void {
    const beganAt = clock.now
    arrived++
    pool.ask({
      ...{ conversation: arrived, tokens: { whole: promptTokens, cached: 0, shared: 0 }, marks: [] },
      outputTokens: tokens(random),
      begun: () => {},
      done: () => {
        inside += clock.now - beganAt
        ended++
      },
    })
    if (arrived < ARRIVALS / 2) clock.after(exponential(1 / perMs)(random), arrive)
  }
  arrive()
  clock.run(1e9)
  return { mean: inside / ended, ended, jobMs: pool.figures().jobMs }
}

test('a host whose replies share it keeps each as long as M/M/1 with processor sharing, whatever their lengths', () => {
  // 1 / (μ - λ), of fixed lengths as of exponential ones.
  within(sojourn(0.7, exponential(1), 0).mean, 1 / 0.3, 0.05)
  within(sojourn(0.7, fixed(1), 0).mean, 1 / 0.3, 0.05)
})

test('what is in a host at a time is what comes in a time, times how long it stays', () => {
  const { mean, ended, jobMs } = sojourn(0.5, exponential(0.5), 0.5)
  // L·T = λ·T·W: exact once nothing is left in it.
  within(jobMs, ended * mean, 1e-6)
})

test('a reply comes in the time that its prompt and its tokens take, faster beside others than one after the other', () => {
  const clock = createClock()
  const random = randomFrom(3)
  const shared = { promptTokensPerSecond: 4000, tokensPerSecond: 100, batchGain: 0.7 }
  const pool = createLanguagePool(clock, {
    ...{ hosts: 1, slots: 8, rates: shared, policy: 'central', cachedConversations: 8, random },
  })
  const told: [string, number][] = []
  const ask = (name: string, whole: number) =>
    pool.ask({
      ...{ conversation: 1, tokens: { whole, cached: 400, shared: 0 }, outputTokens: 50, begun: () => {} },
      marks: [{ tokens: 10, reached: () => void told.push([`${name} clause`, Math.round(clock.now)]) }],
      done: () => void told.push([name, Math.round(clock.now)]),
    })
  ask('alone', 400)
  clock.run(10_000)
  expect(told.splice(0)).toEqual([
    ['alone clause', 200],
    ['alone', 600],
  ])
  // The cache has all of the prompt now. Eight at once: each at 8 ^ -0.3 of the rate of one.
  for (let i = 0; i < 8; i++) ask(`${i}`, 400)
  clock.run(20_000)
  const slowed = 8 ** 0.3
  expect(told.filter(([name]) => name.endsWith('clause')).map(([, at]) => at)).toEqual(
    Array(8).fill(Math.round(10_000 + 100 * slowed)),
  )
  for (const [, at] of told.filter(([name]) => !name.endsWith('clause')))
    expect(Math.abs(at - (10_000 + 500 * slowed))).toBeLessThan(2)
})

/** On which host each of these conversations came, of two with one place. */
function placed(policy: Policy, conversations: readonly number[]): boolean[] {
  const clock = createClock()
  const cached: boolean[] = []
  const pool = createLanguagePool(clock, {
    ...{ hosts: 2, slots: 1, rates, policy, cachedConversations: 8, random: randomFrom(4) },
  })
  for (const conversation of conversations)
    pool.ask({
      ...{ conversation, tokens: { whole: 10, cached: 10, shared: 0 }, outputTokens: 1000, marks: [] },
      begun: (_, fromCache) => void cached.push(fromCache),
      done: () => {},
    })
  clock.run(1e6)
  return cached
}

test('a conversation stays with its host; a bounded one leaves it while another waits there already', () => {
  expect(placed('sticky', [1, 1, 1, 1])).toEqual([false, true, true, true])
  // The third goes to the other host at once, before the second, which waits; the fourth finds room in that queue.
  expect(placed('bounded', [1, 1, 1, 1])).toEqual([false, false, true, true])
})
