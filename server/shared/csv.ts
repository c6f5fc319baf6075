export type CsvCell = string | number | boolean | null | undefined

/**
 * What spreadsheets run as a formula: text that begins with one of the signs of OWASP's "CSV Injection", the wide and
 * small forms that some of them fold among them. Blanks, breaks and invisible signs before it do not hide it, since programs trim them.
 */
const FORMULA = /^(?:[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]*[=+\-@＝＋－＠﹦﹢﹣﹫]|[\t\r\n])/u
/** RFC 4180, 2.6, and a line feed or carriage return alone as well: readers take each for the end of a row. */
const TO_BE_QUOTED = /[",\r\n]/

/** One row with its CRLF (RFC 4180). What is missing is an empty cell; text like a formula gets a leading apostrophe. */
export function csvRow(cells: readonly CsvCell[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`
}

function csvCell(cell: CsvCell): string {
  const text = typeof cell === 'string' && FORMULA.test(cell) ? `'${cell}` : String(cell ?? '')
  return TO_BE_QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
