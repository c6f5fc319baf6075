import { type ErrorCode, QuantvoxError } from '../errors.ts'
import { SourceFailure } from './failures.ts'

export type Attempt<T> = {
  /** Names the source for a person, for instance `npm nodejs-whisper@0.3.1`. */
  source: string
  run(): Promise<T>
}

/**
 * The result of the first source that gives one. A `SourceFailure` moves on to the next; anything else (disk full,
 * aborted) ends the search. When all fail: one error that names each source and why it failed.
 */
export async function firstSource<T>(
  attempts: Attempt<T>[],
  none: { code: ErrorCode; what: string; meaning: string; mend: string },
): Promise<T> {
  const failures: string[] = []
  for (const { source, run } of attempts) {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof SourceFailure)) throw error
      failures.push(`${source}: ${error.message}`)
    }
  }
  const tried = failures.length === 0 ? 'there is no source for this platform' : failures.join('; ')
  throw new QuantvoxError(none.code, `No source gave ${none.what} (tried: ${tried}).`, {
    meaning: none.meaning,
    mend: none.mend,
  })
}
