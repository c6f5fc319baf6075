import type { WriteStream } from 'node:tty'
import { createLogUpdate } from 'log-update'
import prettyBytes from 'pretty-bytes'
import type { Progress } from '../../server/setup/types.ts'

type ProgressView = { onProgress(progress: Progress): void; done(): void }

type Output = Pick<WriteStream, 'write'> & { isTTY?: boolean }

const BAR_WIDTH = 24
const REDRAW_MS = 100
/** Who reads a log knows after that long that it still goes on. */
export const SAYS_EVERY_MS = 10_000

/** Shows progress on `output`: bars that move on a terminal, else one line for each new step of an item, and one every ten seconds within a step. */
export function createProgressView(output: Output = process.stderr): ProgressView {
  return output.isTTY ? bars(output as WriteStream) : lines(output)
}

function lines(output: Output): ProgressView {
  const lastStep = new Map<string, string>()
  let latest: Progress | null = null
  const repeating = everyWhile(SAYS_EVERY_MS, () => {
    if (latest === null) return
    const amount = amountOf(latest)
    output.write(`${latest.item}: ${latest.status}${amount === null ? '' : `, ${amount}`}\n`)
  })
  return {
    onProgress(progress) {
      latest = progress
      const step = stepOf(progress.status)
      if (lastStep.get(progress.item) === step) return
      lastStep.set(progress.item, step)
      const size = progress.totalBytes === null ? '' : ` (${prettyBytes(progress.totalBytes)})`
      output.write(`${progress.item}: ${step}${size}\n`)
      repeating.again()
    },
    done() {
      latest = null
      repeating.stop()
    },
  }
}

/** `24.6 MB of 98.4 MB`; null where nothing counts them. */
function amountOf({ completedBytes, totalBytes }: Progress): string | null {
  if (completedBytes === null || totalBytes === null) return null
  return `${prettyBytes(completedBytes)} of ${prettyBytes(totalBytes)}`
}

/** Calls `say` after so long without `again`, and as often after that, until it is stopped; keeps no process alive. */
export function everyWhile(ms: number, say: () => void): { again(): void; stop(): void } {
  let timer: NodeJS.Timeout | undefined
  return {
    again() {
      clearInterval(timer)
      timer = setInterval(say, ms).unref()
    },
    stop: () => clearInterval(timer),
  }
}

function bars(output: WriteStream): ProgressView {
  const draw = createLogUpdate(output)
  const latest = new Map<string, Progress>()
  let drawnAt = 0
  const render = () => draw([...latest.values()].map(barLine).join('\n'))
  return {
    onProgress(progress) {
      latest.set(progress.item, progress)
      // Thousands of pieces a second arrive; a terminal needs ten pictures.
      if (performance.now() - drawnAt < REDRAW_MS) return
      drawnAt = performance.now()
      render()
    },
    done() {
      if (latest.size > 0) render()
      draw.done()
    },
  }
}

/** The status without what changes within a step: percentages, and the package that a compiler has come to. */
function stepOf(status: string): string {
  return status.replace(/,? *\d+ ?%/, '').replace(/^(compiling|pulling) .*/, '$1')
}

/** For instance `whisper-tiny.en-f16  ██████░░░░  25 %  19.4 MB of 77.7 MB  downloading`. */
export function barLine(progress: Progress): string {
  const { item, status, completedBytes, totalBytes } = progress
  if (completedBytes === null || totalBytes === null || totalBytes === 0) return `${item}  ${status}`
  return `${item}  ${bar(completedBytes / totalBytes)}  ${amountOf(progress)}  ${status}`
}

/** `██████░░░░  25 %` of 0 to 1. */
export function bar(share: number): string {
  const filled = Math.round(Math.min(1, share) * BAR_WIDTH)
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}  ${Math.floor(Math.min(1, share) * 100)} %`
}
