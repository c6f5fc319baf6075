import {
  conversationOfRow,
  firstQuestion,
  keepsNoWords,
  ofConversations,
  pageOfRows,
  placeBefore,
} from '../conversationRows.ts'
import type { TurnStore } from '../turnStore.ts'
import type { Postgres } from './database.ts'
import { forgetRows, storable } from './turnTable.ts'

/** Rows forgotten in one statement. */
const ROWS_AT_ONCE = 100

const select = `SELECT turns.conversationId AS "conversationId", min(title) AS title,
    min(startedAtMs) AS "startedAtMs", max(startedAtMs) AS "lastTurnAtMs", count(*) AS turns,
    (array_agg(${firstQuestion} ORDER BY startedAtMs, turnId))[1] AS "firstQuestion"
  FROM turns LEFT JOIN conversationNames ON conversationNames.conversationId = turns.conversationId
  WHERE record IS NOT NULL AND ${ofConversations}`
const last = `max(startedAtMs), turns.conversationId COLLATE "C"`
const selectPage = `${select} GROUP BY turns.conversationId HAVING (${last}) < ($1, $2)
  ORDER BY max(startedAtMs) DESC, turns.conversationId COLLATE "C" DESC LIMIT $3`
const selectOne = `${select} AND turns.conversationId = $1 GROUP BY turns.conversationId`
const forgetSome = `${forgetRows} WHERE turnId IN (SELECT turnId FROM turns WHERE conversationId = $1 AND record IS NOT NULL LIMIT $2) RETURNING turnId AS "turnId"`
const giveName = `INSERT INTO conversationNames (conversationId, title) VALUES ($1, $2)
  ON CONFLICT (conversationId) DO UPDATE SET title = excluded.title`
/** A name is words, too: it goes with the last turn that has any. */
const forgetNames = `DELETE FROM conversationNames WHERE NOT EXISTS
  (SELECT 1 FROM turns WHERE turns.conversationId = conversationNames.conversationId AND record IS NOT NULL AND ${ofConversations})`

/** The conversations of all replicas. Rejects as `Postgres.query` does. */
export function createConversationTable(
  database: Postgres,
  saveText: boolean,
): Pick<TurnStore, 'conversations' | 'nameConversation' | 'deleteConversation'> & {
  /** After turns were forgotten. */
  forgetNames(): Promise<void>
} {
  async function forgetNamesOfNone(): Promise<void> {
    await database.query(forgetNames)
  }

  return {
    async conversations(limit, cursor) {
      return pageOfRows(await database.query(selectPage, [...placeBefore(cursor), limit + 1]), limit)
    },
    async nameConversation(id, title) {
      if (!saveText && title !== null) throw keepsNoWords()
      const [known] = await database.query(selectOne, [id])
      if (known === undefined) return null
      if (title === null)
        await database.query('DELETE FROM conversationNames WHERE conversationId = $1', [id])
      else await database.query(giveName, [id, storable(title)])
      const [row] = await database.query(selectOne, [id])
      return row === undefined ? null : conversationOfRow(row)
    },
    async deleteConversation(id) {
      const forgotten: string[] = []
      for (;;) {
        const rows = await database.query(forgetSome, [id, ROWS_AT_ONCE])
        forgotten.push(...rows.map(row => String(row.turnId)))
        if (rows.length < ROWS_AT_ONCE) break
      }
      await forgetNamesOfNone()
      return forgotten
    },
    forgetNames: forgetNamesOfNone,
  }
}
