import { expect } from 'vitest'
import { QuantvoxError } from '../../server/errors.ts'

/** The error that this work must fail with. */
export const failureOf = async (work: Promise<unknown>) => {
  const failure = await work.then(
    () => null,
    (error: unknown) => error,
  )
  expect(failure).toBeInstanceOf(QuantvoxError)
  return failure as QuantvoxError
}
