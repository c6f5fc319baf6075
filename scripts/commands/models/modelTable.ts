import prettyBytes from 'pretty-bytes'

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
  const widths = [0, 1, 2, 3].map(column => Math.max(...cells.map(row => row[column]?.length ?? 0)))
  return `${cells
    .map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')}\n`
}
