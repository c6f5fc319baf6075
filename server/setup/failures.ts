import { masked } from '../credentials.ts'
import { QuantvoxError } from '../errors.ts'

/** One source could not give what it should, for an expected reason; the next source is tried. */
export class SourceFailure extends Error {
  constructor(reason: string, cause?: unknown) {
    super(masked(reason), cause === undefined ? undefined : { cause })
    this.name = 'SourceFailure'
  }
}

/** Disk trouble as an error that names the directory and the mend; null for any other error. No other source would help. */
function diskProblem(error: unknown, directory: string): QuantvoxError | null {
  switch (codeOf(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new QuantvoxError(
        'engine_unavailable',
        `The disk is full: nothing more can be written to ${directory}.`,
        {
          meaning: 'An engine or model could not be stored.',
          mend: 'Free some space, or set CACHE_DIR to a directory on another disk, then run `npx quantvox setup`.',
          cause: error,
        },
      )
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOTDIR':
      return new QuantvoxError(
        'engine_unavailable',
        `The cache directory ${directory} cannot be written to.`,
        {
          meaning: 'Engines and models cannot be stored there.',
          mend: 'Set CACHE_DIR to a directory that you may write to, or give this user the right to write there.',
          cause: error,
        },
      )
    default:
      return null
  }
}

/** Runs `work`; disk trouble in it comes out as a `QuantvoxError` about `directory`. */
export async function withDiskErrors<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw diskProblem(error, directory) ?? error
  }
}

/** The `code` of a system error, also of one that is another error's cause. */
export function codeOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  if ('code' in error && typeof error.code === 'string') return error.code
  return codeOf(error.cause)
}
