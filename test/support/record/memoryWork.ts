import type { SharedWork, Wish } from '../../../server/record/turnStore.ts'

type Entry = {
  server: string
  heldUntilMs: number
  wish: Wish | null
  content: unknown
  report: unknown
}

/** What servers of one test tell each other, without a database; gives what one of them has of it. */
export function createMemoryWork() {
  const kinds = new Map<string, Map<string, Entry>>()
  const away: { error: Error | null } = { error: null }
  const ofKind = (kind: string) => {
    if (away.error) throw away.error
    const known = kinds.get(kind) ?? new Map<string, Entry>()
    kinds.set(kind, known)
    return known
  }
  const toldOf = ([id, entry]: [string, Entry]) => ({
    ...{ id, replicaId: entry.server, content: structuredClone(entry.content) },
    lapsed: entry.heldUntilMs <= Date.now(),
  })
  const known = (kind: string) => [...ofKind(kind)].filter(([, { content }]) => content !== null)

  function as(server: string): SharedWork {
    return {
      async tell(kind, id, content, seconds, report = null) {
        const before = ofKind(kind).get(id)
        const isHeld = before !== undefined && before.server !== server && before.heldUntilMs > Date.now()
        if (isHeld || before?.content === null) return false
        const wish = seconds > 0 ? (before?.wish ?? null) : null
        const heldUntilMs = Date.now() + seconds * 1000
        ofKind(kind).set(id, { server, heldUntilMs, wish, ...structuredClone({ content, report }) })
        return true
      },
      list: async kind =>
        known(kind)
          .map(toldOf)
          .toSorted((a, b) => (a.id < b.id ? 1 : -1)),
      async find(kind, id) {
        const entry = known(kind).find(([each]) => each === id)
        return entry === undefined ? null : toldOf(entry)
      },
      report: async (kind, id) => structuredClone(ofKind(kind).get(id)?.report ?? null),
      async ask(kind, id, wish) {
        const entry = ofKind(kind).get(id)
        if (entry === undefined || entry.content === null) return false
        if (wish === 'cancel' && entry.heldUntilMs <= Date.now()) return false
        entry.wish = wish
        if (wish === 'forget') Object.assign(entry, { content: null, report: null })
        return true
      },
      wishes: async (kind, ids) =>
        [...ofKind(kind)].flatMap(([id, { wish }]) => (wish && ids.includes(id) ? [{ id, wish }] : [])),
      async drop(kind, id) {
        ofKind(kind).delete(id)
      },
      async sweep(kind, seconds) {
        for (const [id, { heldUntilMs }] of ofKind(kind))
          if (heldUntilMs <= Date.now() - seconds * 1000) ofKind(kind).delete(id)
      },
    }
  }
  return {
    as,
    /** Until it is told null, everything rejects with it. */
    fail(error: Error | null) {
      away.error = error
    },
  }
}
