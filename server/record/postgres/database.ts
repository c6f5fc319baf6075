import pg from 'pg'
import { QuantvoxError } from '../../errors.ts'
import type { Row } from '../rows.ts'
import { migrate } from './migrate.ts'

/** More than lists, summaries and what is shipped of one replica need at once; a hundred replicas stay within a server's default. */
const MAX_CONNECTIONS = 3
const CONNECT_WITHIN_MS = 3_000
/** Of one statement, of which none reads or writes more than a page. */
const ANSWER_WITHIN_MS = 15_000

export type Postgres = {
  /** Throws `QuantvoxError` only, but for `RowRefused`. */
  query(sql: string, values?: readonly unknown[]): Promise<Row[]>
  /** Why the last that was asked failed; null where it worked. */
  problem(): QuantvoxError | null
  close(): Promise<void>
}

/** PostgreSQL answers, and does not take this row whatever is done; others it may. */
export class RowRefused extends Error {}

/** Connects with the first query, which brings the schema up to date; what fails is tried anew with the next. */
export function openPostgres(url: string, replicaId: string): Postgres {
  const pool = new pg.Pool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    query_timeout: ANSWER_WITHIN_MS,
    statement_timeout: ANSWER_WITHIN_MS,
    application_name: `quantvox ${replicaId}`,
    keepAlive: true,
    allowExitOnIdle: true,
  })
  let problem: QuantvoxError | null = null
  let migrated: Promise<void> | null = null
  // A connection that breaks while nobody uses it; the next query says what is wrong, if anything still is.
  pool.on('error', () => {})

  return {
    async query(sql, values = []) {
      try {
        migrated ??= migrate(pool)
        await migrated.catch((error: unknown) => {
          migrated = null
          throw error
        })
        const { rows } = await pool.query<Row>(sql, [...values])
        problem = null
        return rows
      } catch (error) {
        if (isOfRow(error)) throw new RowRefused((error as Error).message, { cause: error })
        problem = problemOf(error)
        throw problem
      }
    },
    problem: () => problem,
    close: () => pool.end(),
  }
}

/** Classes of errors that are the row's own fault (https://www.postgresql.org/docs/current/errcodes-appendix.html): its data, a constraint, a limit. */
const isOfRow = (error: unknown) => error instanceof pg.DatabaseError && /^(22|23|54)/.test(error.code ?? '')

function problemOf(error: unknown): QuantvoxError {
  if (error instanceof QuantvoxError) return error
  // Node tells of several addresses in one error that itself says nothing.
  const [first] = error instanceof AggregateError ? error.errors : [error]
  const said = first instanceof Error ? first.message : String(first)
  return new QuantvoxError('record_unavailable', `The record in PostgreSQL cannot be used: ${said}.`, {
    meaning:
      'Turns are answered and kept in a file of this replica until it can; lists, summaries and exports cannot be had.',
    mend: 'Start PostgreSQL, or check RECORD_URL; what waits is written by itself.',
    retryAfterSeconds: 5,
    cause: error,
  })
}
