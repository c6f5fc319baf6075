import { QuantvoxError } from '../../errors.ts'

/** Lets so many pieces of work run at once; one more throws `at_capacity` with `message` and when to come again. */
export function atOnce(
  most: number,
  message: string,
  explanation: { mend?: string; retryAfterSeconds: number },
) {
  let running = 0
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= most) throw new QuantvoxError('at_capacity', message, explanation)
    running++
    try {
      return await work()
    } finally {
      running--
    }
  }
}
