import type { WriteStream } from 'node:tty'
import { createLogUpdate } from 'log-update'
import type { ComparisonProgress } from '../../../server/protocol/comparisons.ts'
import { shareDone } from '../../../server/shared/comparisons.ts'
import { bar, everyWhile, SAYS_EVERY_MS } from '../progressView.ts'

type CompareProgress = { show(progress: ComparisonProgress): void; done(): void }

const phases: Record<ComparisonProgress['phase'], string> = {
  prepare: 'preparing',
  speech: 'speech models',
  llm: 'language models',
  voices: 'voices',
  pairs: 'spoken turns',
  energy: 'energy',
  judge: 'judging',
}

/** What is being measured, on `output`: a bar that moves on a terminal, else a line for each phase, and one every ten seconds. */
export function createCompareProgress(
  output: Pick<WriteStream, 'write'> & { isTTY?: boolean },
  id: string,
): CompareProgress {
  output.write(`comparison ${id}\n`)
  if (!output.isTTY) {
    let last: ComparisonProgress | null = null
    const repeating = everyWhile(SAYS_EVERY_MS, () => {
      if (last !== null) output.write(`${progressLine(last)}\n`)
    })
    return {
      show(progress) {
        const isNew = progress.phase !== last?.phase
        last = progress
        if (!isNew) return
        output.write(`${phases[progress.phase]}\n`)
        repeating.again()
      },
      done: repeating.stop,
    }
  }
  const draw = createLogUpdate(output as WriteStream)
  return { show: progress => draw(progressLine(progress)), done: () => draw.done() }
}

/** For instance `speech models  ██████░░░░  25 %  1:40 left  decoding jfk.wav`. */
export function progressLine(progress: ComparisonProgress): string {
  const { phase, what, remainingMs } = progress
  const share = shareDone(progress)
  if (share === null) return `${phases[phase]}  ${what}`
  const left = remainingMs === null ? '' : `  ${clock(remainingMs)} left`
  return `${phases[phase]}  ${bar(share)}${left}  ${what}`
}

function clock(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
