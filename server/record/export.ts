import { Readable } from 'node:stream'
import { stringify } from 'csv-stringify'
import type { StoredTurn } from '../protocol/record.ts'
import { recordFields } from './fields.ts'

/**
 * Turns as CSV (RFC 4180, CRLF, UTF-8), one dotted path of the record a column, in the order of the schema, whether
 * any turn has it or not; null is an empty cell, a flag true or false. Text that a spreadsheet would run as a
 * formula gets a leading apostrophe (OWASP, "CSV Injection"): what was said aloud is input from outside. NDJSON
 * has the text as it was. Destroying the stream ends the reading.
 */
export function turnsAsCsv(turns: AsyncIterable<StoredTurn>): Readable {
  const sheet = stringify({
    header: true,
    columns: recordFields.map(({ path }) => path),
    record_delimiter: 'windows',
    escape_formulas: true,
    cast: { boolean: value => String(value) },
  })
  return Readable.from(rowsOf(turns), { objectMode: true }).compose(sheet) as Readable
}

async function* rowsOf(turns: AsyncIterable<StoredTurn>) {
  for await (const turn of turns) yield recordFields.map(field => field.read(turn))
}

/** Turns as newline-delimited JSON, one stored turn a line. Destroying the stream ends the reading. */
export function turnsAsNdjson(turns: AsyncIterable<StoredTurn>): Readable {
  return Readable.from(lines(turns), { objectMode: false })
}

async function* lines(turns: AsyncIterable<StoredTurn>) {
  for await (const turn of turns) yield `${JSON.stringify(turn)}\n`
}
