import { within } from '../abort.ts'
import { QuantvoxError } from '../errors.ts'
import type { ConversationPage, KeptConversation } from '../protocol/conversations.ts'
import type { StoredTurn, TurnRecord, TurnText } from '../protocol/record.ts'
import type { TurnFilters, TurnPage } from '../protocol/turnQueries.ts'

export type StoreStatus = {
  /** Whether the store takes rows, by the last that was asked of it. */
  recording: boolean
  /** Why it does not; or, while it does, what is wrong with it all the same. */
  problem: QuantvoxError | null
  /** Turns that are kept in memory until the store takes them. */
  unwritten: number
  /** Where replicas share a record: rows of this one that it has not taken yet, safe in a file, and why it does not. */
  spool: { rows: number; problem: QuantvoxError | null } | null
}

/** The record of turns, one row each. No read holds up the event loop for long, however large the record is. */
export type TurnStore = {
  readonly status: StoreStatus
  /**
   * Commits one row before it returns. Never throws: what is refused is logged, kept in memory and written as soon as
   * it works. The first row of an id stays.
   */
  insert(record: TurnRecord, text: TurnText): void
  /** Null for an unknown id. Rejects with `internal` when the record cannot be read or the row is no turn record, `record_unavailable` when it is elsewhere and does not answer. */
  get(turnId: string): Promise<StoredTurn | null>
  /** Forgets the row, leaving no trace of it. False for an unknown id; rejects with `internal` like `get`. */
  delete(turnId: string): Promise<boolean>
  /** A page, newest first; fewer than `limit` where their texts are long. Rejects with `invalid_request` for a bad cursor, `internal` like `get`. */
  list(filters: TurnFilters, limit: number, cursor?: string | null): Promise<TurnPage>
  /**
   * All that match, newest first, as of now; reads in pages and lets the event loop run between them. Throws the
   * signal's reason, and like `get`.
   */
  stream(filters: TurnFilters, signal?: AbortSignal): AsyncGenerator<StoredTurn, void, void>
  /** Forgets all turns that started before then, in steps. Resolves to their ids; rejects like `get`. */
  deleteBefore(startedAt: Date): Promise<string[]>
  /**
   * A page of the conversations of which there are words, whose last turn was latest first. Each goes with its last such turn.
   * Rejects like `list`.
   */
  conversations(limit: number, cursor?: string | null): Promise<ConversationPage>
  /** Names it, or with null no longer. Null for an unknown id; rejects with `invalid_state` where no words are kept, and like `get`. */
  nameConversation(id: string, title: string | null): Promise<KeptConversation | null>
  /** Forgets all its turns, in steps. Resolves to their ids; rejects like `get`. */
  deleteConversation(id: string): Promise<string[]>
  close(): void
}

/** Where replicas share a record: what opens sockets of any of them for a while. Both reject with `record_unavailable` while it cannot be known. */
export type Passes = {
  /** False where the id is there already. */
  add(id: string, content: string | null, seconds: number): Promise<boolean>
  /** What came with it; null where there is none, or none any more. */
  find(id: string): Promise<string | null>
}

/** What is asked of the server that does some work. */
export type Wish = 'cancel' | 'forget'

/** Work of minutes that one of several servers does, as it told the others last. */
export type ToldWork = {
  id: string
  /** REPLICA_ID of whoever told it. */
  replicaId: string
  content: unknown
  /** Whoever does it has said nothing for longer than it promised: it was killed, or does not reach the record. */
  lapsed: boolean
}

/**
 * Where servers share a record: what each of them does that takes minutes, and who has it, by a lease that ends by itself. All reject with
 * `record_unavailable` while it cannot be known.
 */
export type SharedWork = {
  /** Tells how far it is and has it for so many seconds more; 0 gives it up. False where another server has it, or it was forgotten. */
  tell(kind: string, id: string, content: unknown, seconds: number, report?: unknown): Promise<boolean>
  /** All of a kind, the newest id first. */
  list(kind: string): Promise<ToldWork[]>
  find(kind: string, id: string): Promise<ToldWork | null>
  /** What came of it; null where nothing was told. */
  report(kind: string, id: string): Promise<unknown>
  /** Asks whoever has it to cancel it; or forgets it, whoever has it. False where there is nothing to ask. */
  ask(kind: string, id: string, wish: Wish): Promise<boolean>
  /** What was asked of these. */
  wishes(kind: string, ids: readonly string[]): Promise<{ id: string; wish: Wish }[]>
  /** Leaves nothing of it. */
  drop(kind: string, id: string): Promise<void>
  /** Leaves nothing of those that nobody has had for so many seconds. */
  sweep(kind: string, seconds: number): Promise<void>
}

/** Whoever does some work has it for so long after each word, and where the record was away so long after that is back. */
export const LEASE_SECONDS = 10

const TOLD_WITHIN_MS = 3_000

/** @throws `record_unavailable` where the record answers later than anybody waits for what others do */
export const toldInTime = <T>(answer: Promise<T>): Promise<T> =>
  within(answer, TOLD_WITHIN_MS, () => {
    const message = `The record in PostgreSQL did not answer within ${TOLD_WITHIN_MS / 1000} s.`
    throw new QuantvoxError('record_unavailable', message)
  })
