import { Compile } from 'typebox/schema'
import { QuantvoxError } from '../../../server/errors.ts'
import { TurnFilters } from '../../../server/protocol/turnQueries.ts'

const check = Compile(TurnFilters)

/** ISO 8601, with a blank for the `T` as `turns list` prints it; groups: date, time, offset. */
const TYPED_TIME = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:?\d\d)?)?$/i

/**
 * Filters as they were typed, as the API takes them: `since` and `until` may be a date alone, the beginning of that day
 * here, or a time without offset, which is the time here. Throws `invalid_request`, also where no server is there to
 * refuse them.
 */
export function typedFilters(typed: TurnFilters): TurnFilters {
  const filters = { ...typed }
  for (const name of ['since', 'until'] as const) {
    const text = filters[name]
    if (text === undefined) continue
    const time = timeOf(text)
    if (time === null) {
      throw new QuantvoxError('invalid_request', `--${name} is not a date or time: ${text}.`, {
        mend: 'Write it as 2026-11-23 (that day here), 2026-11-23T08:00 (that time here) or 2026-11-23T08:00:00Z.',
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

function timeOf(text: string): Date | null {
  const [, date = '', clock = '00:00', offset = ''] = TYPED_TIME.exec(text.trim()) ?? []
  // A date alone is UTC to `Date`, and the 30th of February one of March.
  const isDay = new Date(date).toJSON()?.startsWith(date)
  const time = new Date(`${date}T${clock}${offset.toUpperCase()}`)
  return date === '' || !isDay || Number.isNaN(time.getTime()) ? null : time
}
