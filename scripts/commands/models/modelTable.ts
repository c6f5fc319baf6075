import prettyBytes from 'pretty-bytes'
import type { ModelFit } from '../../../server/protocol/models.ts'
import type { SpeedsHere } from '../../../server/shared/modelFit.ts'
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

const signs = { measured: '', about: '≈ ', 'at-least': '≥ ', 'at-most': '≤ ' }

function fitCells(fit: ModelFit | undefined): [string, string] {
  if (fit === undefined) return ['-', '-']
  return [
    `${prettyBytes(fit.neededBytes)}${fit.fits ? '' : ' (too much)'}`,
    `${signs[fit.tokensPerSecondIs]}${Number(fit.tokensPerSecond.toPrecision(2))}`,
  ]
}

/** Where the figures of the table come from. */
export function aboutFit({ measured, bandwidthBytesPerSecond }: SpeedsHere, memoryBytes: number): string {
  const tags = measured.map(({ tag }) => tag).join(' and ')
  const source =
    bandwidthBytesPerSecond === null
      ? `was measured of ${tags} on this CPU; that of others is reckoned from the nearest of these by size, at least (≥) from a smaller one and about (≈) from a larger one`
      : `is at most (≤) what the bandwidth of this machine's memory, ${prettyBytes(bandwidthBytesPerSecond)} a second as measured just now, allows`
  return `MEMORY is what a model takes when it is loaded, of ${prettyBytes(memoryBytes)}. TOKENS/S, on the processor, ${source}.\n`
}
