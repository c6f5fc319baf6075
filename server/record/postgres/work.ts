import { v4 as uuidv4 } from 'uuid'
import type { Row } from '../rows.ts'
import { LEASE_SECONDS, type SharedWork, type ToldWork, type Wish } from '../turnStore.ts'
import type { Postgres } from './database.ts'
import { storable } from './turnTable.ts'

/** Of what was given up. */
const NOBODY = ''
/** While PostgreSQL is away nobody can say that it goes on: whoever had something has it for so long after a start, too. */
const HELD = `(sharedWork.holder <> '${NOBODY}'
    AND greatest(sharedWork.heldUntil, pg_postmaster_start_time() + make_interval(secs => ${LEASE_SECONDS})) > now())`

/** A wish ends with the work; what was forgotten stays so. */
const tellOne = `INSERT INTO sharedWork (kind, id, replicaId, holder, heldUntil, content, report)
    VALUES ($1, $2, $3, CASE WHEN $5::float8 > 0 THEN $4::text ELSE '${NOBODY}' END,
      now() + make_interval(secs => $5::float8), $6, $7)
  ON CONFLICT (kind, id) DO UPDATE SET replicaId = excluded.replicaId, holder = excluded.holder,
    heldUntil = excluded.heldUntil, content = excluded.content, report = excluded.report,
    wish = CASE WHEN excluded.heldUntil > now() THEN sharedWork.wish END
  WHERE sharedWork.content IS NOT NULL AND (sharedWork.holder = $4::text OR NOT ${HELD})
  RETURNING id`
const select = `SELECT id, replicaId AS "replicaId", content, NOT ${HELD} AS lapsed
  FROM sharedWork WHERE kind = $1 AND content IS NOT NULL`
const asked: Record<Wish, string> = {
  cancel: `UPDATE sharedWork SET wish = 'cancel'
    WHERE kind = $1 AND id = $2 AND content IS NOT NULL AND ${HELD} RETURNING id`,
  forget: `UPDATE sharedWork SET wish = 'forget', content = NULL, report = NULL
    WHERE kind = $1 AND id = $2 AND content IS NOT NULL RETURNING id`,
}

/** What servers do, as they tell it; `replicaId` is the name of this one. Rejects as `Postgres.query` does. */
export function createWorkTable(database: Postgres, replicaId: string): SharedWork {
  // One that was killed is another than the one that starts in its place, whatever both are called.
  const holder = uuidv4()
  return {
    async tell(kind, id, content, seconds, report = null) {
      const [told, result] = [content, report].map(value =>
        value === null ? null : storable(JSON.stringify(value)),
      )
      const values = [kind, id, replicaId, holder, seconds, told, result]
      return (await database.query(tellOne, values)).length > 0
    },
    list: async kind => (await database.query(`${select} ORDER BY id DESC`, [kind])).map(toldOf),
    async find(kind, id) {
      const [row] = await database.query(`${select} AND id = $2`, [kind, storable(id)])
      return row === undefined ? null : toldOf(row)
    },
    async report(kind, id) {
      const sql = 'SELECT report FROM sharedWork WHERE kind = $1 AND id = $2'
      return (await database.query(sql, [kind, storable(id)]))[0]?.report ?? null
    },
    ask: async (kind, id, wish) => (await database.query(asked[wish], [kind, storable(id)])).length > 0,
    async wishes(kind, ids) {
      const sql = 'SELECT id, wish FROM sharedWork WHERE kind = $1 AND id = ANY($2) AND wish IS NOT NULL'
      const rows = await database.query(sql, [kind, ids])
      return rows.map(({ id, wish }) => ({
        id: String(id),
        wish: wish === 'forget' ? ('forget' as const) : ('cancel' as const),
      }))
    },
    async drop(kind, id) {
      await database.query('DELETE FROM sharedWork WHERE kind = $1 AND id = $2', [kind, id])
    },
    async sweep(kind, seconds) {
      const sql = `DELETE FROM sharedWork
        WHERE kind = $1 AND NOT ${HELD} AND heldUntil <= now() - make_interval(secs => $2)`
      await database.query(sql, [kind, seconds])
    },
  }
}

const toldOf = ({ id, replicaId, content, lapsed }: Row): ToldWork => ({
  ...{ id: String(id), replicaId: String(replicaId), content: content as unknown },
  lapsed: lapsed === true,
})
