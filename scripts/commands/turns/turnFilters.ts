import { Compile } from 'typebox/schema'
import { QuantvoxError } from '../../../server/errors.ts'
import { TurnFilters } from '../../../server/protocol/turnQueries.ts'

const check = Compile(TurnFilters)

/**
 * Filters as they were typed, as the API takes them: `since` and `until` may be a date alone (midnight UTC) or a
 * time without zone (local). Throws `invalid_request`, also where no server is there to refuse them.
 */
export function typedFilters(typed: TurnFilters): TurnFilters {
  const filters = { ...typed }
  for (const name of ['since', 'until'] as const) {
    const text = filters[name]
    if (text === undefined) continue
    const time = new Date(text)
    if (Number.isNaN(time.getTime())) {
      throw new QuantvoxError('invalid_request', `--${name} is not a date or time: ${text}.`, {
        mend: 'Write it as 2026-11-23 or 2026-11-23T08:00:00Z.',
      })
    }
    filters[name] = time.toISOString()
  }
  if (check.Check(filters)) return filters
  const wrong = check.Errors(filters)[1].map(error => `${error.instancePath.slice(1)} ${error.message}`)
  throw new QuantvoxError('invalid_request', `The filters are not valid: ${wrong.join('; ')}.`, {
    mend: 'See "npx quantvox turns --help" for what they take.',
  })
}
