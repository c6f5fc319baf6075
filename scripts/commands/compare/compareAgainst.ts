import Value from 'typebox/value'
import { QuantvoxError } from '../../../server/errors.ts'
import { parsedJson, textIfThere } from '../../../server/files/readJson.ts'
import type { RunComparison } from '../../../server/lab/index.ts'
import { ComparisonResult } from '../../../server/protocol/comparisonResult.ts'
import type { ComparisonClient } from './compareClient.ts'

/**
 * Reads an earlier result, of a file or by the id of a run, before anything is measured; what it returns holds a new one against it.
 * @throws QuantvoxError `invalid_request` for a file of anything else, `not_found` for an id that the server does not know
 */
export async function againstEarlier(
  run: string,
  client: ComparisonClient,
): Promise<(result: ComparisonResult) => RunComparison> {
  const earlier = (await resultInFile(run)) ?? (await client.result(run))
  // Most commands and most comparisons do without the lab's code.
  const { compareRuns } = await import('../../../server/lab/index.ts')
  return result => compareRuns(result, earlier)
}

async function resultInFile(path: string): Promise<ComparisonResult | null> {
  const text = await textIfThere(path)
  if (text === null) return null
  const value = parsedJson(text)
  if (Value.Check(ComparisonResult, value)) return value as ComparisonResult
  throw new QuantvoxError('invalid_request', `${path} is no result of a comparison of this version.`, {
    mend: 'Give a file that "quantvox compare --json FILE" wrote, or the id of a run.',
  })
}
