import { setImmediate as nextLoopTurn } from 'node:timers/promises'
import Value from 'typebox/value'
import type { KeptConversation } from '../../../server/protocol/conversations.ts'
import { StoredTurn } from '../../../server/protocol/record.ts'
import type { TurnFilters } from '../../../server/protocol/turnQueries.ts'
import { cursorOf, type Position, positionOf } from '../../../server/record/selection.ts'
import type { TurnStore } from '../../../server/record/turnStore.ts'

/** A record without a file. Throws for a row that is no turn record: a file hides it, a test must see it. */
export function createMemoryTurnStore(): TurnStore {
  const turns = new Map<string, StoredTurn>()
  const titles = new Map<string, string>()

  const newestFirst = (filters: TurnFilters) =>
    [...turns.values()]
      .filter(turn => matches(turn, filters))
      .sort((a, b) => (isAfter(b, placeOf(a)) ? -1 : 1))

  return {
    status: { recording: true, problem: null, unwritten: 0, spool: null },
    insert(record, text) {
      const turn = structuredClone({ ...record, ...text })
      Value.Assert(StoredTurn, turn)
      if (!turns.has(turn.turnId)) turns.set(turn.turnId, turn)
    },
    get: async turnId => turns.get(turnId) ?? null,
    delete: async turnId => turns.delete(turnId),
    async list(filters, limit, cursor) {
      const after = cursor == null ? null : positionOf(cursor)
      const left = newestFirst(filters).filter(turn => after === null || isAfter(turn, after))
      const items = left.slice(0, limit)
      const last = items.at(-1)
      return { items, nextCursor: left.length > limit && last ? cursorOf(placeOf(last)) : null }
    },
    async *stream(filters, signal) {
      for (const turn of newestFirst(filters)) {
        await nextLoopTurn()
        signal?.throwIfAborted()
        yield turn
      }
    },
    async deleteBefore(startedAt) {
      const old = newestFirst({ until: startedAt.toISOString() }).map(({ turnId }) => turnId)
      for (const turnId of old) turns.delete(turnId)
      return old
    },
    async conversations(limit, cursor) {
      const after = cursor == null ? null : positionOf(cursor)
      const kept = keptOf([...turns.values()], titles).filter(
        ({ lastTurnAt, conversationId }) =>
          after === null || isBefore({ startedAtMs: Date.parse(lastTurnAt), turnId: conversationId }, after),
      )
      const items = kept.slice(0, limit)
      const last = items.at(-1)
      const next = kept.length > limit && last !== undefined
      return {
        items,
        nextCursor: next
          ? cursorOf({ startedAtMs: Date.parse(last.lastTurnAt), turnId: last.conversationId })
          : null,
      }
    },
    async nameConversation(id, title) {
      const isKnown = keptOf([...turns.values()], titles).some(({ conversationId }) => conversationId === id)
      if (!isKnown) return null
      if (title === null) titles.delete(id)
      else titles.set(id, title)
      return keptOf([...turns.values()], titles).find(({ conversationId }) => conversationId === id) ?? null
    },
    async deleteConversation(id) {
      const ids = newestFirst({ conversationId: id }).map(({ turnId }) => turnId)
      for (const turnId of ids) turns.delete(turnId)
      titles.delete(id)
      return ids
    },
    close() {},
  }
}

const placeOf = ({ startedAt, turnId }: StoredTurn): Position => ({
  startedAtMs: Date.parse(startedAt),
  turnId,
})

/** Whether a turn stands after that place where the newest come first. */
const isAfter = (turn: StoredTurn, place: Position): boolean => isBefore(placeOf(turn), place)

function isBefore({ startedAtMs, turnId }: Position, place: Position): boolean {
  return startedAtMs === place.startedAtMs ? turnId < place.turnId : startedAtMs < place.startedAtMs
}

function keptOf(turns: readonly StoredTurn[], titles: ReadonlyMap<string, string>): KeptConversation[] {
  const withWords = turns
    .filter(({ transcript, source }) => transcript && ['socket', 'rest', 'wyoming'].includes(source))
    .toSorted((a, b) => (isAfter(a, placeOf(b)) ? -1 : 1))
  return [...Map.groupBy(withWords, ({ conversationId }) => conversationId)]
    .map(([conversationId, [first, ...others]]) => ({
      conversationId,
      title: titles.get(conversationId) ?? null,
      firstQuestion: first?.transcript?.slice(0, 200) ?? '',
      startedAt: first?.startedAt ?? '',
      lastTurnAt: (others.at(-1) ?? first)?.startedAt ?? '',
      turns: others.length + 1,
    }))
    .toSorted(
      (a, b) => b.lastTurnAt.localeCompare(a.lastTurnAt) || (a.conversationId < b.conversationId ? 1 : -1),
    )
}

function matches(turn: StoredTurn, { since, until, ...wanted }: TurnFilters): boolean {
  const { startedAtMs } = placeOf(turn)
  if (since !== undefined && startedAtMs < Date.parse(since)) return false
  if (until !== undefined && startedAtMs >= Date.parse(until)) return false
  const has: typeof wanted = {
    ...{ outcome: turn.outcome, source: turn.source, conversationId: turn.conversationId },
    ...{ llmModel: turn.llm.model ?? '', speechModel: turn.speech.model ?? '' },
    voice: turn.synthesis.voice ?? '',
  }
  return Object.entries(wanted).every(([name, value]) => has[name as keyof typeof wanted] === value)
}
