import { setImmediate as nextLoopTurn } from 'node:timers/promises'
import {
  conversationOfRow,
  firstQuestion,
  keepsNoWords,
  ofConversations,
  pageOfRows,
  placeBefore,
} from '../conversationRows.ts'
import type { TurnStore } from '../turnStore.ts'
import type { Database } from './database.ts'
import type { RecordFile } from './recordFile.ts'
import type { UnwrittenRows } from './unwritten.ts'

/** Rows deleted at a stretch. */
const ROWS_AT_A_STRETCH = 100

const select = `SELECT *, (SELECT ${firstQuestion} FROM turns
    WHERE turns.conversationId = conversations.conversationId AND ${ofConversations}
    ORDER BY startedAtMs, turnId LIMIT 1) AS firstQuestion
  FROM conversations`
const selectPage = `${select} WHERE (lastTurnAtMs, conversationId) < (?, ?)
  ORDER BY lastTurnAtMs DESC, conversationId DESC LIMIT ?`
const deleteSome = `DELETE FROM turns WHERE turnId IN
  (SELECT turnId FROM turns WHERE conversationId = ? LIMIT ?) RETURNING turnId`

type Parts = {
  file: RecordFile
  unwritten: UnwrittenRows
  saveText: boolean
  forgetLog(open: Database): void
}

/** The conversations of the record: what triggers keep of the turns (../migrations.ts), and the names that they were given. */
export function keptConversations({
  file,
  unwritten,
  saveText,
  forgetLog,
}: Parts): Pick<TurnStore, 'conversations' | 'nameConversation' | 'deleteConversation'> {
  return {
    async conversations(limit, cursor) {
      const place = placeBefore(cursor)
      return pageOfRows(
        file.use('read', open => open.prepare(selectPage).all(...place, limit + 1)),
        limit,
      )
    },

    async nameConversation(id, title) {
      if (!saveText && title !== null) throw keepsNoWords()
      return file.use('write', open => {
        const name = open.prepare('UPDATE conversations SET title = ? WHERE conversationId = ?')
        if (name.run(title, id).changes === 0) return null
        // The name of before.
        forgetLog(open)
        const row = open.prepare(`${select} WHERE conversationId = ?`).get(id)
        return row === undefined ? null : conversationOfRow(row)
      })
    },

    async deleteConversation(id) {
      const forgotten = unwritten.removeAll(({ record }) => record.conversationId === id)
      for (;;) {
        const rows = file.use('write', open => open.prepare(deleteSome).all(id, ROWS_AT_A_STRETCH))
        forgotten.push(...rows.map(row => String(row.turnId)))
        if (rows.length < ROWS_AT_A_STRETCH) break
        await nextLoopTurn()
      }
      if (forgotten.length > 0) file.use('write', forgetLog)
      return forgotten
    },
  }
}
