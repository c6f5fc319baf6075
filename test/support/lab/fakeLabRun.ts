import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Observation } from '../../../server/lab/observations.ts'
import type { Comparisons } from '../../../server/lab/runs/comparisons.ts'
import type { ComparisonEvent, ComparisonRequest } from '../../../server/protocol/comparisons.ts'
import type { FakeLab } from './fakeLab.ts'

/** All that a fake lab has, but for spoken turns. */
export const everythingOf = ({ clips }: FakeLab): ComparisonRequest => ({
  speechModels: ['whisper-test'],
  llmModels: ['fake:1b'],
  audio: { directory: clips },
  rounds: 2,
  pairs: false,
})

/** Follows a run to its end. */
export async function endOf(comparisons: Comparisons, id: string) {
  const events: ComparisonEvent[] = []
  for await (const event of comparisons.follow(id, new AbortController().signal)) events.push(event)
  return {
    last: events.at(-1),
    phases: [...new Set(events.flatMap(e => (e.event === 'progress' ? [e.data.phase] : [])))],
  }
}

/** The lines that a run has written. */
export async function observedOf({ lab }: FakeLab, id: string): Promise<Observation[]> {
  const text = await readFile(join(lab.dataDir, 'comparisons', id, 'observations.ndjson'), 'utf8')
  return text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
}
