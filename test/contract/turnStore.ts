import { afterEach, describe, expect, test } from 'vitest'
import type { Source, StoredTurn } from '../../server/protocol/record.ts'
import type { TurnStore } from '../../server/record/turnStore.ts'
import { makeTurn, makeTurns } from '../support/record/records.ts'

/** What every record of turns keeps to, wherever the rows lie. `open` gives an empty one. */
export function turnStoreContract(name: string, open: () => TurnStore | Promise<TurnStore>): void {
  const opened: TurnStore[] = []
  afterEach(() => {
    for (const store of opened.splice(0)) store.close()
  })

  async function filled(count: number): Promise<TurnStore> {
    const store = await open()
    opened.push(store)
    for (const { record, text } of makeTurns(count)) store.insert(record, text)
    return store
  }

  describe(`the turn record ${name}`, () => {
    test('gives a turn as it was written as soon as insert returns, and null for one that it has not', async () => {
      const store = await filled(0)
      const { record, text } = makeTurn(3)
      store.insert(record, text)
      expect(await store.get(record.turnId)).toEqual({ ...record, ...text })
      expect(await store.get('no-such-turn')).toBeNull()
      expect(store.status).toMatchObject({ recording: true, problem: null, unwritten: 0 })
    })

    test('keeps the first row of an id', async () => {
      const store = await filled(1)
      const { record, text } = makeTurn(0)
      store.insert({ ...record, outcome: 'failed' }, text)
      expect(await store.list({}, 10)).toEqual({ items: [{ ...record, ...text }], nextCursor: null })
    })

    test('forgets a turn once', async () => {
      const store = await filled(2)
      const { turnId } = makeTurn(1).record
      expect(await store.delete(turnId)).toBe(true)
      expect(await store.get(turnId)).toBeNull()
      expect(await store.delete(turnId)).toBe(false)
      expect((await store.list({}, 10)).items).toHaveLength(1)
    })

    test('pages newest first, without gap or repeat, and bears deletions and new turns in between', async () => {
      const store = await filled(25)
      const newestFirst = idsOf(makeTurns(25)).reverse()
      const first = await store.list({}, 10)
      expect(first.items.map(turn => turn.turnId)).toEqual(newestFirst.slice(0, 10))
      const late = makeTurn(30)
      store.insert(late.record, late.text)
      await store.delete(newestFirst[9] ?? '')
      const second = await store.list({}, 10, first.nextCursor)
      expect(second.items.map(turn => turn.turnId)).toEqual(newestFirst.slice(10, 20))
      const third = await store.list({}, 10, second.nextCursor)
      expect(third.items.map(turn => turn.turnId)).toEqual(newestFirst.slice(20))
      expect(third.nextCursor).toBeNull()
    })

    test('pages turns that started in the same millisecond by id', async () => {
      const store = await filled(0)
      const startedAt = '2026-11-02T08:00:00.000Z'
      for (let i = 0; i < 9; i++) store.insert(makeTurn(i, { startedAt }).record, makeTurn(i).text)
      const seen: string[] = []
      let cursor: string | null = null
      do {
        const page = await store.list({}, 2, cursor)
        seen.push(...page.items.map(turn => turn.turnId))
        cursor = page.nextCursor
      } while (cursor)
      expect(seen).toEqual(idsOf(makeTurns(9)).reverse())
    })

    test('selects by every filter exactly the turns that have its value', async () => {
      const store = await filled(100)
      const all = makeTurns(100).map(made => made.record)
      const ids = async (filters: Parameters<TurnStore['list']>[0]) =>
        new Set((await store.list(filters, 500)).items.map(turn => turn.turnId))
      const those = (keep: (record: (typeof all)[number]) => boolean) =>
        new Set(all.filter(keep).map(record => record.turnId))
      expect(await ids({ outcome: 'failed' })).toEqual(those(r => r.outcome === 'failed'))
      expect(await ids({ source: 'socket' })).toEqual(those(r => r.source === 'socket'))
      expect(await ids({ conversationId: 'conversation-2' })).toEqual(
        those(r => r.conversationId === 'conversation-2'),
      )
      expect(await ids({ voice: 'flite:slt' })).toEqual(those(r => r.synthesis.voice === 'flite:slt'))
      const speechModel = 'whisper-tiny.en-q8_0'
      const llmModel = 'smollm2:135m-instruct-q8_0'
      expect(await ids({ speechModel, llmModel })).toEqual(
        those(r => r.speech.model === speechModel && r.llm.model === llmModel),
      )
      // since counts, until does not; both in another time zone than the record's.
      expect(await ids({ since: '2026-11-01T01:10:00+01:00', until: '2026-11-01T01:20:00+01:00' })).toEqual(
        those(r => r.startedAt >= '2026-11-01T00:10' && r.startedAt < '2026-11-01T00:20'),
      )
    })

    test('refuses a cursor that was never given', async () => {
      const store = await filled(2)
      await expect(store.list({}, 10, 'nonsense')).rejects.toThrow(
        expect.objectContaining({ code: 'invalid_request', message: expect.stringMatching(/cursor/) }),
      )
    })

    test('streams the whole selection and lets other work run meanwhile', async () => {
      const store = await filled(450)
      let ticks = 0
      const ticking = setInterval(() => ticks++, 0)
      const turns = await collect(store.stream({ outcome: 'completed' }))
      clearInterval(ticking)
      const expected = makeTurns(450).filter(made => made.record.outcome === 'completed')
      expect(turns.map(turn => turn.turnId)).toEqual(idsOf(expected).reverse())
      expect(ticks).toBeGreaterThan(0)
    })

    test('ends a stream with its signal', async () => {
      const controller = new AbortController()
      const turns = (await filled(300)).stream({}, controller.signal)
      await turns.next()
      controller.abort()
      await expect(collect(turns)).rejects.toThrow(/abort/i)
    })

    test('forgets the turns before a date and tells their ids', async () => {
      const made = makeTurns(350)
      const store = await filled(350)
      const forgotten = await store.deleteBefore(new Date(made[320]?.record.startedAt ?? ''))
      expect(new Set(forgotten)).toEqual(new Set(idsOf(made.slice(0, 320))))
      expect((await store.list({}, 500)).items.at(-1)?.turnId).toBe(made[320]?.record.turnId)
      expect(await store.deleteBefore(new Date(0))).toEqual([])
    })

    test('has the conversations of which there are words, the latest first, in pages', async () => {
      const store = await filled(0)
      const put = (i: number, conversationId: string, transcript: string | null, source: Source = 'rest') => {
        const { record, text } = makeTurn(i, { conversationId, source })
        store.insert(record, { ...text, transcript })
        return record
      }
      const first = put(0, 'kitchen', 'What is for lunch?')
      put(1, 'silent', null)
      put(2, 'nothing-said', '')
      put(3, 'lab', 'What is measured?', 'comparison')
      const hall = put(4, 'hall', 'x'.repeat(500), 'socket')
      const last = put(5, 'kitchen', 'And for dinner?', 'wyoming')
      put(6, 'garden', 'Is it dry?')
      const page = await store.conversations(2)
      expect(page.items.map(({ conversationId }) => conversationId)).toEqual(['garden', 'kitchen'])
      expect(page.items[1]).toEqual({
        ...{ conversationId: 'kitchen', title: null, firstQuestion: 'What is for lunch?', turns: 2 },
        ...{ startedAt: first.startedAt, lastTurnAt: last.startedAt },
      })
      const rest = await store.conversations(2, page.nextCursor)
      expect(rest).toMatchObject({ items: [{ conversationId: 'hall', turns: 1 }], nextCursor: null })
      expect(rest.items[0]?.firstQuestion).toBe('x'.repeat(200))
      expect(rest.items[0]?.startedAt).toBe(hall.startedAt)
    })

    test('keeps the name of a conversation until its last turn with words is forgotten', async () => {
      const store = await filled(25)
      const named = await store.nameConversation('conversation-0', 'Sums')
      expect(named).toMatchObject({ conversationId: 'conversation-0', title: 'Sums' })
      expect(await store.nameConversation('unknown', 'Sums')).toBeNull()
      const kept = async () =>
        (await store.conversations(9)).items.find(({ conversationId }) => conversationId === 'conversation-0')
      await store.delete(makeTurn(0).record.turnId)
      const { items } = await store.list({ conversationId: 'conversation-0' }, 50)
      const withWords = items.filter(({ transcript }) => transcript)
      expect(await kept()).toMatchObject({
        ...{ title: 'Sums', turns: withWords.length, startedAt: withWords.at(-1)?.startedAt },
        ...{ lastTurnAt: withWords[0]?.startedAt, firstQuestion: withWords.at(-1)?.transcript },
      })
      expect(await store.nameConversation('conversation-0', null)).toMatchObject({ title: null })
      await store.deleteBefore(new Date(Date.parse(makeTurn(19).record.startedAt) + 1))
      expect(await kept()).toBeUndefined()
      expect(await store.nameConversation('conversation-0', 'Again')).toBeNull()
    })

    test('forgets a conversation with all its turns, and no other', async () => {
      const store = await filled(250)
      store.insert(makeTurn(300, { conversationId: 'conversation-1' }).record, {
        transcript: null,
        reply: null,
        heardText: null,
      })
      const turns = (await store.list({ conversationId: 'conversation-1' }, 500)).items
      const forgotten = await store.deleteConversation('conversation-1')
      expect(new Set(forgotten)).toEqual(new Set(turns.map(({ turnId }) => turnId)))
      expect(forgotten).toHaveLength(21)
      expect((await store.list({}, 500)).items).toHaveLength(230)
      const left = (await store.conversations(50)).items.map(({ conversationId }) => conversationId)
      expect(left).not.toContain('conversation-1')
      expect(left).toContain('conversation-2')
      expect(await store.deleteConversation('conversation-1')).toEqual([])
    })
  })
}

const idsOf = (made: readonly { record: { turnId: string } }[]) => made.map(({ record }) => record.turnId)

async function collect(turns: AsyncIterable<StoredTurn>): Promise<StoredTurn[]> {
  const all: StoredTurn[] = []
  for await (const turn of turns) all.push(turn)
  return all
}
