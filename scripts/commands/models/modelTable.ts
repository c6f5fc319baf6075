import prettyBytes from 'pretty-bytes'
import type { ModelFit } from '../../../server/protocol/models.ts'
import type { WeightsRate } from '../../../server/shared/modelFit.ts'
import { textTable } from '../textTable.ts'

export type ModelRow = {
  name: string
  quantization: string | null
  parameterSize: string | null
  sizeBytes: number | null
  installed: boolean
  licence?: string | undefined
  /** Of language models whose size is known. */
  fit?: ModelFit | undefined
  /** Of voices: seconds of work for one of speech, as measured here; null where that was not. */
  realTimeFactor?: number | null
}

/** Models as a plain table, one line a model; with what is to be expected of them here where that is known of any. */
export function modelTable(rows: ModelRow[]): string {
  const hasFit = rows.some(({ fit }) => fit !== undefined)
  const cells = [
    ['NAME', 'LEVEL', 'PARAMETERS', 'SIZE', ...(hasFit ? ['MEMORY', 'TOKENS/S'] : []), '', 'LICENCE'],
    ...rows.map(row => [
      row.name,
      row.quantization ?? '-',
      row.parameterSize ?? '-',
      row.sizeBytes === null ? '-' : prettyBytes(row.sizeBytes),
      ...(hasFit ? fitCells(row.fit) : []),
      `${row.installed ? 'installed' : 'not installed'}${speedText(row.realTimeFactor)}`,
      row.licence ?? '-',
    ]),
  ]
  return `${textTable(cells)}\n`
}

const speedText = (realTimeFactor: number | null | undefined) =>
  realTimeFactor == null
    ? ''
    : `, ${realTimeFactor.toFixed(2)} s here for a second of speech${realTimeFactor < 1 ? '' : ': too slow'}`

function fitCells(fit: ModelFit | undefined): [string, string] {
  if (fit === undefined) return ['-', '-']
  const speed = fit.tokensPerSecond.toPrecision(2)
  return [
    `${prettyBytes(fit.neededBytes)}${fit.fits ? '' : ' (too much)'}`,
    fit.tokensPerSecondFrom === null ? `≤ ${Number(speed)}` : `≈ ${Number(speed)}`,
  ]
}

/** Where the figures of the table come from. */
export function aboutFit({ bytesPerSecond, from }: WeightsRate, memoryBytes: number): string {
  const rate = `${prettyBytes(bytesPerSecond)} of weights a second`
  const source =
    from === null
      ? `the bandwidth of this machine's memory, ${prettyBytes(bytesPerSecond)} a second as measured just now, which no model exceeds`
      : `the speed of ${from} on this CPU, ${rate} as measured when the default was chosen`
  return `MEMORY is what a model takes when it is loaded, of ${prettyBytes(memoryBytes)}. TOKENS/S, on the processor, is reckoned from ${source}.\n`
}
