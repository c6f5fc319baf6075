import { expect, test } from 'vitest'
import { csvRow } from '../../../server/shared/csv.ts'

const signs = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '﹦', '﹢', '﹣', '﹫']

test.each([
  ...signs,
  ...['\n', '\r', '\r\n', ' ', '\t', '\u00a0', '\u200b', '\ufeff', '\ufe0f', '\u034f', '\0', ' \n\t'].map(
    hidden => `${hidden}=`,
  ),
])('text that begins with %j runs nowhere', beginning => {
  const [cell] = read(csvRow([`${beginning}HYPERLINK("x")`]))[0] ?? []
  expect(cell).toBe(`'${beginning}HYPERLINK("x")`)
})

test('numbers keep their sign, and signs inside of a text are text', () => {
  expect(csvRow([-1.5, 'a=b', '1+1', '', null, undefined, true])).toBe('-1.5,a=b,1+1,,,,true\r\n')
})

test.each(['a\nb', 'a\rb', 'a\r\nb', '\n', '\r', '"', '""', 'a,b', ',', '"\n",', "it's"])(
  'a reader that ends a row at any break reads %j back whole',
  text => {
    const [row = [], ...more] = read(csvRow(['first', text, 'last']))
    expect(more).toEqual([])
    expect(row.map(cell => cell.replace(/^'(?=[\r\n])/, ''))).toEqual(['first', text, 'last'])
  },
)

/** Rows of a CSV as the most lenient readers find them: CR, LF and CRLF outside of quotes each end one. */
function read(csv: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  for (const [, quoted, plain = '', end] of csv.matchAll(
    /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\r|\n)/g,
  )) {
    row.push(quoted?.replaceAll('""', '"') ?? plain)
    if (end === ',') continue
    rows.push(row)
    row = []
  }
  return rows
}
