import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { LanguageModelLease, LanguageModelLeases, WantedModel } from '../../server/llm/lease.ts'
import type { ChatMessage, ReplyPart } from '../../server/llm/respond.ts'
import { inPlace, warm } from '../../server/llm/warm.ts'
import { until } from '../support/http.ts'

export type LeasesUnderTest = {
  leases: LanguageModelLeases
  /** Where they say that it answers. */
  host: string
  /** A tag that is there. */
  name: string
  /** Replies that the engine is making, as far as it shows outside of it. */
  replying(): number
  dispose(): Promise<void>
}

const never = new AbortController().signal
const tick = () => new Promise(resolve => setImmediate(resolve))
/** Long enough that it is under way for a while, and short enough to be waited for. */
const messages: ChatMessage[] = [{ role: 'user', content: 'Count from one to ten in words.' }]

async function replyOf(lease: LanguageModelLease, signal = never): Promise<ReplyPart[]> {
  const parts: ReplyPart[] = []
  for await (const part of lease.respond(messages, signal, { maxTokens: 40 })) parts.push(part)
  return parts
}

/** What all places at a language model keep to, the scripted ones and the real ones. */
export function languageModelLeaseContract(name: string, make: () => Promise<LeasesUnderTest>): void {
  describe(`places at a language model: ${name}`, () => {
    let made: LeasesUnderTest
    let model: WantedModel
    const acquire = (owner = 'a', signal = never) => made.leases.acquire(model, owner, signal)

    beforeEach(async () => {
      made = await make()
      model = { name: made.name, loaded: true, contextTokens: null, remote: null }
    })
    afterEach(() => made.dispose())

    test('tell where it answers, what the wait was and whether the model must be loaded', async () => {
      const lease = await acquire()
      expect(lease).toMatchObject({ host: made.host, cold: false })
      expect(lease.queueMs).toBeLessThan(20)
      lease.release()
      expect(await made.leases.acquire({ ...model, loaded: false }, 'a', never)).toMatchObject({ cold: true })
    })

    test('tell it without a place, too', async () => {
      const told = [
        {},
        { loaded: false },
        { contextTokens: 1e6 },
        { loaded: false, remote: 'allowed' as const },
      ]
      expect(told.map(change => made.leases.mustLoad({ ...model, ...change }))).toEqual([
        false,
        true,
        true,
        false,
      ])
    })

    test('stream a reply that ends with its figures', async () => {
      const parts = await inPlace(made.leases, model, 'a', never, replyOf)
      expect(parts.some(({ type }) => type === 'text')).toBe(true)
      const statistics = { outputTokens: expect.any(Number) }
      expect(parts.at(-1)).toMatchObject({ type: 'done', statistics, cold: expect.any(Boolean) })
    })

    test('are one at a time: the second waits until the first is given back', async () => {
      const first = await acquire('a')
      let isIn = false
      const second = acquire('b').then(lease => {
        isIn = true
        return lease
      })
      await new Promise(resolve => setTimeout(resolve, 30))
      expect(isIn).toBe(false)
      first.release()
      expect((await second).queueMs).toBeGreaterThan(20)
    })

    test('never have the engine make two replies at once', async () => {
      let most = 0
      const ask = (owner: string) =>
        inPlace(made.leases, model, owner, never, async lease => {
          for await (const part of lease.respond(messages, never, { maxTokens: 5 })) {
            most = Math.max(most, made.replying())
            if (part.type === 'done') return part.type
          }
          return null
        })
      expect(await Promise.all(['a', 'b', 'a', 'c'].map(ask))).toEqual(['done', 'done', 'done', 'done'])
      expect(most).toBe(1)
    })

    test('go round between owners, each in its own order', async () => {
      const held = await acquire('busy')
      const order: string[] = []
      const enter = (owner: string, what: string) =>
        inPlace(made.leases, model, owner, never, async () => order.push(what))
      const all = [
        enter('busy', 'busy 1'),
        enter('busy', 'busy 2'),
        enter('new', 'new'),
        enter('busy', 'busy 3'),
      ]
      held.release()
      await Promise.all(all)
      expect(order).toEqual(['busy 1', 'new', 'busy 2', 'busy 3'])
    })

    test('let one in however often the one before was given back', async () => {
      const first = await acquire('a')
      const entered: string[] = []
      const others = ['b', 'c'].map(owner =>
        acquire(owner).then(lease => [entered.push(owner), lease] as const),
      )
      first.release()
      first.release()
      const [, second] = (await others[0]) ?? []
      await tick()
      first.release()
      await tick()
      expect(entered).toEqual(['b'])
      second?.release()
      await Promise.all(others)
    })

    test('are refused to one that has waited for a minute, who may ask again', async () => {
      const held = await acquire('a')
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      try {
        const waiting = acquire('b')
        waiting.catch(() => {})
        await vi.advanceTimersByTimeAsync(60_000)
        await expect(waiting).rejects.toMatchObject({ code: 'at_capacity', recoverable: true })
      } finally {
        vi.useRealTimers()
      }
      held.release()
      ;(await acquire('b')).release()
    })

    test('are not given to one that has left: it hears its own reason and takes none', async () => {
      await expect(acquire('a', AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late')
      const held = await acquire('a')
      const leaver = new AbortController()
      const waiting = acquire('b', leaver.signal)
      const patient = acquire('c')
      leaver.abort(new Error('gone home'))
      await expect(waiting).rejects.toThrow('gone home')
      held.release()
      expect(await patient).toBeDefined()
    })

    test('free the engine when the signal ends a reply in its middle', async () => {
      const leave = new AbortController()
      const broken = inPlace(made.leases, model, 'a', leave.signal, async lease => {
        for await (const _part of lease.respond(messages, leave.signal)) leave.abort(new Error('enough'))
      })
      const next = inPlace(made.leases, model, 'b', never, replyOf)
      await expect(broken).rejects.toThrow('enough')
      expect((await next).at(-1)?.type).toBe('done')
      await until(() => made.replying() === 0, 2_000)
    })

    test('free the engine when they are given back in the middle of a reply', async () => {
      const lease = await acquire('a')
      const broken = (async () => {
        for await (const _part of lease.respond(messages, never)) lease.release()
      })()
      await expect(broken).rejects.toThrow('given back')
      await until(() => made.replying() === 0, 2_000)
    })

    test('answer nothing after they were given back', async () => {
      const lease = await acquire('a')
      lease.release()
      await expect(replyOf(lease)).rejects.toThrow('given back')
      expect(made.replying()).toBe(0)
    })

    test('are had beside the real ones where they are in nobody’s way', async () => {
      const spare = (change: Partial<WantedModel> = {}, asked = messages) =>
        made.leases.spare({ ...model, ...change }, asked, never)
      expect(await spare({ loaded: false })).toBeNull()
      expect(await spare({ remote: 'allowed' })).toBeNull()
      // More than 256 tokens that the model has not read.
      expect(await spare({}, [{ role: 'user', content: 'word '.repeat(200) }])).toBeNull()
      const held = await acquire('a')
      expect(await spare()).toBeNull()
      held.release()
      const lease = await spare()
      expect(lease).toMatchObject({ host: made.host, queueMs: 0, cold: false })
      expect(lease && (await replyOf(lease)).at(-1)?.type).toBe('done')
      lease?.release()
      await expect(
        made.leases.spare(model, messages, AbortSignal.abort(new Error('too late'))),
      ).rejects.toThrow('too late')
      ;(await acquire('a')).release()
    })

    test('for work that may be for nothing are lost to whoever comes, and with them the reply', async () => {
      const lease = await made.leases.spare(model, messages, never)
      if (lease === null) throw new Error('There was no place.')
      const broken = (async () => {
        let next: Promise<LanguageModelLease> | null = null
        for await (const _part of lease.respond(messages, never)) next ??= acquire('b')
        await next
      })()
      await expect(broken).rejects.toThrow('Somebody else needs the place')
      expect(lease.lost.aborted).toBe(true)
      lease.release()
      // It is theirs, and nobody else's.
      expect(await made.leases.spare(model, messages, never)).toBeNull()
      await until(() => made.replying() === 0, 2_000)
    })

    test('that are kept are lost to nobody', async () => {
      const lease = await made.leases.spare(model, messages, never)
      lease?.keep()
      const waiting = acquire('b')
      expect(lease && (await replyOf(lease)).at(-1)?.type).toBe('done')
      expect(lease?.lost.aborted).toBe(false)
      lease?.release()
      ;(await waiting).release()
    })

    test('are warmed by a first token', async () => {
      const lease = await acquire('a')
      expect(await warm(lease, 'Be short.', never)).toBeGreaterThan(0)
      await until(() => made.replying() === 0, 2_000)
      expect((await replyOf(lease)).at(-1)?.type).toBe('done')
    })
  })
}
