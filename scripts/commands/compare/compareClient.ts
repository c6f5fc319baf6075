import Value from 'typebox/value'
import { QuantvoxError } from '../../../server/errors.ts'
import { ComparisonResult } from '../../../server/protocol/comparisonResult.ts'
import {
  ComparisonEvent,
  type ComparisonProgress,
  type ComparisonRequest,
  type ComparisonState,
  ComparisonStatus,
} from '../../../server/protocol/comparisons.ts'
import { streamedEvents } from '../../../server/shared/eventStream.ts'
import { type ServerRequest, toldError } from '../serverRequest.ts'

export type ComparisonClient = ReturnType<typeof comparisonClient>

/** `/v1/comparisons` of a server; what it answers is checked. */
export function comparisonClient(request: ServerRequest) {
  const path = (id: string) => `/v1/comparisons/${encodeURIComponent(id)}`

  async function status(answer: Promise<Response>): Promise<ComparisonStatus> {
    const body: unknown = await (await answer).json()
    if (Value.Check(ComparisonStatus, body)) return body
    throw otherVersion()
  }

  return {
    start: (wanted: ComparisonRequest): Promise<ComparisonStatus> =>
      status(
        request('/v1/comparisons', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(wanted),
        }),
      ),
    resume: (id: string): Promise<ComparisonStatus> =>
      status(request(`${path(id)}/resume`, { method: 'POST' })),
    /** Settles when it has ended; rejects with why it failed. */
    async follow(id: string, show: (progress: ComparisonProgress) => void): Promise<ComparisonState> {
      const { body } = await request(`${path(id)}/events`, {})
      for await (const event of body === null ? [] : streamedEvents(body)) {
        if (!Value.Check(ComparisonEvent, event)) throw otherVersion()
        if (event.event === 'progress') show(event.data)
        else if (event.event === 'done') return event.data.state
        else throw toldError(event.data)
      }
      throw new QuantvoxError('engine_failed', 'The server hung up before the comparison had ended.', {
        mend: `Start it, then go on with "npx quantvox compare --resume ${id}".`,
      })
    },
    async cancel(id: string): Promise<void> {
      await request(path(id), { method: 'DELETE' })
    },
    async result(id: string): Promise<ComparisonResult> {
      const body: unknown = await (await request(path(id), {})).json()
      if (Value.Check(ComparisonResult, body)) return body as ComparisonResult
      throw otherVersion()
    },
    report: async (id: string, format: 'html' | 'md' | 'csv'): Promise<string> =>
      (await request(`${path(id)}?format=${format}`, {})).text(),
  }
}

function otherVersion(): QuantvoxError {
  return new QuantvoxError('engine_failed', 'The server sent what this version does not understand.', {
    mend: 'Use the same version on both ends.',
  })
}
