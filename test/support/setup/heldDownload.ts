import { createPulls } from '../../../server/engines/pulls.ts'
import type { PullProgress } from '../../../server/protocol/models.ts'

export type HeldDownload = ReturnType<typeof heldDownload>

/** A download that goes on when the test says so. */
export function heldDownload() {
  let begun = 0
  let report: (progress: PullProgress) => void = () => {}
  let finish: (error?: Error) => void = () => {}
  const pulls = createPulls((_name, tell, signal) => {
    begun++
    report = tell
    return new Promise((resolve, reject) => {
      finish = error => (error ? reject(error) : resolve())
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  })
  return {
    pulls,
    begun: () => begun,
    report: (progress: PullProgress) => report(progress),
    finish: (error?: Error) => finish(error),
  }
}
