import type { Figure } from '../../../server/protocol/comparisonFigures.ts'
import type { ComparisonResult } from '../../../server/protocol/comparisonResult.ts'
import { textTable } from '../textTable.ts'

/** With the heading, ten lines. */
const MOST_ARMS = 9

type Arm = { kind: string; name: string; ms: Figure; memory: Figure; right: string; isTold: boolean }

/**
 * The end of a comparison in a terminal: how long each level, tag and voice takes, what it holds and how often it is right, at most
 * nine of them, those of the recommendation and what they are compared with first; below it the recommendation.
 */
export function comparisonSummary(result: ComparisonResult): string {
  const arms = armsOf(result)
  const told = [...arms.filter(({ isTold }) => isTold), ...arms.filter(({ isTold }) => !isTold)]
  const shown = new Set(told.slice(0, MOST_ARMS))
  const rows = arms
    .filter(arm => shown.has(arm))
    .map(({ kind, name, ms, memory, right }) => [kind, name, time(ms), megabytes(memory), right])
  const more = arms.length - shown.size
  const { sentence } = result.recommendation
  const table =
    rows.length === 0 ? [] : [textTable([['', '', 'time', 'memory', 'accuracy'], ...rows], new Set([2, 3]))]
  return [...table, ...(more > 0 ? [`${more} more in the report.`] : []), sentence].join('\n\n')
}

/** Time to the transcript, the first token, the first audio. */
function armsOf({ speech, llm, voices, reference, recommendation }: ComparisonResult): Arm[] {
  const isTold = (kind: 'speech' | 'llm' | 'voice', name: string) =>
    name === reference[kind] || name === recommendation[kind]
  return [
    ...speech.map(({ name, figures }) => ({
      ...{ kind: 'hears', name, ms: figures.inferenceMs, memory: figures.residentBytes },
      ...{ right: share(figures.wordErrorRate, 'words wrong'), isTold: isTold('speech', name) },
    })),
    ...llm.map(({ name, figures }) => ({
      ...{ kind: 'answers', name, ms: figures.firstTokenMs, memory: figures.residentBytes },
      ...{ right: share(figures.checkedRight, 'right'), isTold: isTold('llm', name) },
    })),
    ...voices.map(({ name, figures }) => ({
      ...{ kind: 'speaks', name, ms: figures.firstAudioMs, memory: figures.residentBytes },
      ...{ right: share(figures.wordErrorRate, 'words misheard'), isTold: isTold('voice', name) },
    })),
  ]
}

const time = ({ value }: Figure) => (value === null ? '–' : `${Math.round(value)} ms`)
const megabytes = ({ value }: Figure) => (value === null ? '–' : `${Math.round(value / 1e6)} MB`)
const share = ({ value }: Figure, what: string) => (value === null ? '–' : `${value.toFixed(1)} % ${what}`)
