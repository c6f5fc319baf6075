import type { Row } from '../rows.ts'
import type { Passes } from '../turnStore.ts'
import type { Postgres } from './database.ts'
import { storable } from './turnTable.ts'

/** Those that are over go with each that comes; several servers may do so at once. */
const addOne = `WITH over AS (DELETE FROM passes WHERE id IN
    (SELECT id FROM passes WHERE expiresAt < now() LIMIT 100 FOR UPDATE SKIP LOCKED))
  INSERT INTO passes (id, content, expiresAt) VALUES ($1, $2, now() + make_interval(secs => $3))
  ON CONFLICT DO NOTHING RETURNING id`
const findOne = 'SELECT content FROM passes WHERE id = $1 AND expiresAt >= now()'

/** Rejects as `Postgres.query` does. */
export function createPassTable(database: Postgres): Passes {
  const contentOf = (row: Row | undefined) => (typeof row?.content === 'string' ? row.content : null)
  return {
    add: async (id, content, seconds) =>
      (await database.query(addOne, [id, storable(content), seconds])).length > 0,
    find: async id => contentOf((await database.query(findOne, [id]))[0]),
  }
}
