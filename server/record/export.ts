import { Readable } from 'node:stream'
import type { StoredTurn } from '../protocol/record.ts'
import { csvRow } from '../shared/csv.ts'
import { recordFields } from './fields.ts'

/**
 * Turns as CSV in UTF-8, one dotted path of the record a column, in the order of the schema, whether any turn has it
 * or not; null is an empty cell, a flag true or false. Text like a formula gets a leading apostrophe: what was said
 * aloud is input from outside. NDJSON has the text as it was. Destroying the stream ends the reading.
 */
export function turnsAsCsv(turns: AsyncIterable<StoredTurn>): Readable {
  return Readable.from(csvRows(turns), { objectMode: false })
}

async function* csvRows(turns: AsyncIterable<StoredTurn>) {
  yield csvRow(recordFields.map(({ path }) => path))
  for await (const turn of turns) yield csvRow(recordFields.map(field => field.read(turn)))
}

/** Turns as newline-delimited JSON, one stored turn a line. Destroying the stream ends the reading. */
export function turnsAsNdjson(turns: AsyncIterable<StoredTurn>): Readable {
  return Readable.from(lines(turns), { objectMode: false })
}

async function* lines(turns: AsyncIterable<StoredTurn>) {
  for await (const turn of turns) yield `${JSON.stringify(turn)}\n`
}
