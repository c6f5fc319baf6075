import { existsSync } from 'node:fs'
import { Readable } from 'node:stream'
import { Compile } from 'typebox/schema'
import { QuantvoxError } from '../../../server/errors.ts'
import { StoredTurn } from '../../../server/protocol/record.ts'
import { type TurnFilters, TurnPage } from '../../../server/protocol/turnQueries.ts'
import { turnsAsCsv, turnsAsNdjson } from '../../../server/record/export.ts'
import { openTurnStore } from '../../../server/record/sqlite/store.ts'
import type { TurnStore } from '../../../server/record/turnStore.ts'
import { serverRequest } from '../serverRequest.ts'

/** Where turns are read from: a running server, or the record itself while none runs. */
export type TurnLocation =
  | { kind: 'server'; baseUrl: string; token: string | null }
  | { kind: 'file'; path: string }
  | { kind: 'postgres'; url: string }

export type TurnSource = {
  /** A page, at most 500, newest first. */
  list(filters: TurnFilters, limit: number, cursor: string | null): Promise<TurnPage>
  /** Throws `not_found`. */
  get(turnId: string): Promise<StoredTurn>
  export(format: 'csv' | 'ndjson', filters: TurnFilters): Promise<Readable>
  close(): void | Promise<void>
}

const ANSWER_WITHIN_MS = 1_000
const pageCheck = Compile(TurnPage)
const turnCheck = Compile(StoredTurn)

/** The server at `baseUrl` if one answers there within a second, else the record: in PostgreSQL where it is, or the file. */
export async function findTurns(where: {
  baseUrl: string
  token: string | null
  databasePath: string
  recordUrl: string | null
  signal?: AbortSignal
}): Promise<TurnLocation> {
  const late = AbortSignal.timeout(ANSWER_WITHIN_MS)
  try {
    const answer = await fetch(new URL('/livez', where.baseUrl), {
      signal: where.signal ? AbortSignal.any([where.signal, late]) : late,
    })
    await answer.body?.cancel()
    // Any other answer is another program's on our port.
    if (answer.ok || answer.status === 503) {
      return { kind: 'server', baseUrl: where.baseUrl, token: where.token }
    }
  } catch {
    where.signal?.throwIfAborted() // anything else: nobody there, the record has the turns
  }
  if (where.recordUrl !== null) return { kind: 'postgres', url: where.recordUrl }
  return { kind: 'file', path: where.databasePath }
}

/** Throws `QuantvoxError`: the server's own, `engine_unavailable` for no answer, `internal` for a bad file. */
export async function openTurnSource(location: TurnLocation, signal?: AbortSignal): Promise<TurnSource> {
  if (location.kind === 'server') return fromServer(location, signal)
  if (location.kind === 'file') return fromStore(openFile(location.path), signal)
  const { readSharedRecord } = await import('../../../server/record/postgres/store.ts')
  return fromStore(readSharedRecord(location.url), signal)
}

function openFile(path: string): TurnStore {
  if (!existsSync(path)) {
    throw new QuantvoxError('not_found', `There is no turn record at ${path}, and no server answers.`, {
      mend: 'Start the server with "npm start" and ask something, or set DATA_DIR.',
    })
  }
  const store = openTurnStore(path, { saveText: true, readOnly: true })
  if (store.status.problem) throw store.status.problem
  return store
}

function fromStore(
  store: Pick<TurnStore, 'list' | 'get' | 'stream'> & Pick<TurnSource, 'close'>,
  signal: AbortSignal | undefined,
): TurnSource {
  return {
    list: store.list,
    async get(turnId) {
      const turn = await store.get(turnId)
      if (!turn) throw new QuantvoxError('not_found', `There is no turn ${turnId} in the record.`)
      return turn
    },
    async export(format, filters) {
      const turns = store.stream(filters, signal)
      return format === 'csv' ? turnsAsCsv(turns) : turnsAsNdjson(turns)
    },
    close: store.close,
  }
}

function fromServer(
  { baseUrl, token }: { baseUrl: string; token: string | null },
  signal: AbortSignal | undefined,
): TurnSource {
  const request = serverRequest(baseUrl, token, signal)
  const ask = (query: Record<string, string | number>) => {
    const texts = Object.entries(query).map(([name, value]): [string, string] => [name, `${value}`])
    return request(`/v1/turns?${new URLSearchParams(texts)}`)
  }
  return {
    async list(filters, limit, cursor) {
      const answer = await ask({ ...filters, limit, ...(cursor === null ? {} : { cursor }) })
      return checked(pageCheck, await answer.json(), baseUrl)
    },
    async get(turnId) {
      return checked(
        turnCheck,
        await (await request(`/v1/turns/${encodeURIComponent(turnId)}`)).json(),
        baseUrl,
      )
    },
    async export(format, filters) {
      const { body } = await ask({ ...filters, format })
      return body === null ? Readable.from([]) : Readable.fromWeb(body)
    },
    close() {},
  }
}

function checked<T>(check: { Check(value: unknown): value is T }, value: unknown, baseUrl: string): T {
  if (check.Check(value)) return value
  throw new QuantvoxError('engine_failed', `What ${baseUrl} sent is not what this Quantvox expects.`, {
    mend: 'Restart the server, so that it is the same version as this command.',
  })
}
