import prettyBytes from 'pretty-bytes'
import { textTable } from '../textTable.ts'

export type ModelRow = {
  name: string
  quantization: string | null
  parameterSize: string | null
  sizeBytes: number | null
  installed: boolean
}

/** Models as a plain table, one line a model. */
export function modelTable(rows: ModelRow[]): string {
  const cells = [
    ['NAME', 'LEVEL', 'PARAMETERS', 'SIZE', ''],
    ...rows.map(row => [
      row.name,
      row.quantization ?? '-',
      row.parameterSize ?? '-',
      row.sizeBytes === null ? '-' : prettyBytes(row.sizeBytes),
      row.installed ? 'installed' : 'not installed',
    ]),
  ]
  return `${textTable(cells)}\n`
}
