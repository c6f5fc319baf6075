import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { findTurns, type TurnLocation } from '../../../scripts/commands/turns/turnSource.ts'
import { exportTurns, listTurns, showTurn } from '../../../scripts/commands/turns/turns.ts'
import { turnRecordRoutes } from '../../../server/doors/rest/turns/turnRecords.ts'
import { errorTable, toQuantvoxError } from '../../../server/errors.ts'
import type { TurnFilters } from '../../../server/protocol/turnQueries.ts'
import { openTurnStore } from '../../../server/record/sqlite/store.ts'
import type { TurnStore } from '../../../server/record/turnStore.ts'
import { failureOf } from '../../support/failureOf.ts'
import { makeTurn, makeTurns } from '../../support/record/records.ts'

const token = 'a-token'
let folder: string
let path: string
let store: TurnStore
let app: FastifyInstance
let baseUrl: string

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'quantvox-commands-'))
  path = join(folder, 'turns.sqlite')
  store = openTurnStore(path, { saveText: true })
  for (const made of makeTurns(600)) store.insert(made.record, made.text)
  app = Fastify()
  app.setErrorHandler((error, _request, reply) => {
    const { code, message: detail, mend } = toQuantvoxError(error)
    const status = errorTable[code].http
    return reply
      .code(status)
      .send({ type: `urn:quantvox:error:${code}`, title: code, status, detail, code, mend })
  })
  app.get('/livez', async () => ({ status: 'ok' }))
  app.addHook('onRequest', async (request, reply) => {
    if (request.url !== '/livez' && request.headers.authorization !== `Bearer ${token}`)
      return reply.code(401).send()
  })
  await app.register(turnRecordRoutes({ store }))
  baseUrl = await app.listen({ host: '127.0.0.1', port: 0 })
})
afterEach(async () => {
  await app.close()
  store.close()
  rmSync(folder, { recursive: true, force: true })
})

type Kind = 'server' | 'file'
const locate = (kind: Kind): TurnLocation => (kind === 'server' ? { kind, baseUrl, token } : { kind, path })

async function printed(command: (out: PassThrough) => Promise<unknown>): Promise<string> {
  const out = new PassThrough()
  const said = text(out)
  await command(out)
  out.end()
  return said
}

test('turns come from the server while it answers, else from the file', async () => {
  const where = { baseUrl, token, databasePath: path, recordUrl: null }
  expect(await findTurns(where)).toEqual({ kind: 'server', baseUrl, token })
  await app.close()
  expect(await findTurns(where)).toEqual({ kind: 'file', path })
  const url = 'postgres://localhost/quantvox'
  expect(await findTurns({ ...where, recordUrl: url })).toEqual({ kind: 'postgres', url })
})

test('another program at our address is not taken for the server', async () => {
  const other = Fastify()
  const address = await other.listen({ host: '127.0.0.1', port: 0 })
  expect(await findTurns({ baseUrl: address, token, databasePath: path, recordUrl: null })).toEqual({
    kind: 'file',
    path,
  })
  await other.close()
})

const kinds: Kind[] = ['server', 'file']

test.each(kinds)('list fits 60 columns and shows by its end which turn is which (%s)', async kind => {
  const table = await printed(out => listTurns({ location: locate(kind), out, limit: 40 }))
  const lines = table.trimEnd().split('\n')
  expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(60)
  const [newest] = makeTurns(600).slice(-1)
  const [day, heading = '', first = ''] = lines
  expect(day).toMatch(/^\d{4}-\d\d-\d\d$/)
  expect(heading).toMatch(/^time +outcome +levels +token +audio +turn$/)
  const end = newest?.record.turnId.slice(-8) ?? ''
  expect(first).toMatch(new RegExp(`^\\d\\d:\\d\\d:\\d\\d  failed +q4_0 +– +– +${end}$`))
  const shown = await printed(out => showTurn({ location: locate(kind), out, turnId: end }))
  expect(shown).toContain(newest?.record.turnId)
})

test.each(kinds)('the end of an id that several turns have, or none, is refused (%s)', async kind => {
  const show = (turnId: string) =>
    failureOf(printed(out => showTurn({ location: locate(kind), out, turnId })))
  expect(await show('')).toMatchObject({ code: 'invalid_request', mend: expect.stringContaining('--wide') })
  expect(await show('zzzzzz')).toMatchObject({ code: 'not_found' })
})

test.each(kinds)('list prints the newest turns as an aligned wide table (%s)', async kind => {
  const table = await printed(out => listTurns({ location: locate(kind), out, limit: 3, wide: true }))
  const [heading = '', ...rows] = table.trimEnd().split('\n')
  const newest = makeTurns(600).slice(-3).reverse()
  expect(rows).toHaveLength(3)
  for (const [i, row] of rows.entries()) {
    expect(row.endsWith(newest[i]?.record.turnId ?? '?')).toBe(true)
    expect(row.indexOf(newest[i]?.record.turnId ?? '?')).toBe(
      heading.indexOf('turn', heading.indexOf('total')),
    )
  }
  // The 600th turn of the generator failed: its error stands where the outcome would, dashes where times would.
  expect(rows[0]).toMatch(/engine_timeout +tiny\.en-q4_0 +– +– +– +– +– /)
})

test.each(kinds)('list reads on over page ends up to its limit, with filters (%s)', async kind => {
  const json = await printed(out =>
    listTurns({
      location: locate(kind),
      out,
      json: true,
      limit: 550,
      filters: { since: '2026-11-01T00:01:00Z' },
    }),
  )
  const page = JSON.parse(json)
  expect(page.items).toHaveLength(550)
  expect(new Set(page.items.map((turn: { turnId: string }) => turn.turnId)).size).toBe(550)
  expect(page.nextCursor).toEqual(expect.any(String))
})

test.each(kinds)('show prints text and timings, or the stored turn as JSON (%s)', async kind => {
  const made = makeTurn(5)
  const { turnId } = made.record
  const shown = await printed(out => showTurn({ location: locate(kind), out, turnId }))
  expect(shown).toContain(made.text.transcript)
  expect(shown).toContain(made.text.reply)
  expect(shown).toMatch(/first token +\d+\.\d +ms/)
  const json = await printed(out => showTurn({ location: locate(kind), out, turnId, json: true }))
  expect(JSON.parse(json)).toEqual({ ...made.record, ...made.text })
  await expect(
    printed(out => showTurn({ location: locate(kind), out, turnId: 'none' })),
  ).rejects.toMatchObject({
    code: 'not_found',
  })
})

test.each(kinds)(
  'export writes the whole selection under its name only when it is complete (%s)',
  async kind => {
    const file = join(folder, 'out.ndjson')
    const filters = { outcome: 'failed' as const }
    const out = new PassThrough()
    const { bytes } = await exportTurns({ location: locate(kind), out, format: 'ndjson', filters, file })
    const failed = makeTurns(600).filter(made => made.record.outcome === 'failed')
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    expect(lines.map(line => JSON.parse(line).turnId)).toEqual(
      failed.map(made => made.record.turnId).reverse(),
    )
    expect(bytes).toBe(readFileSync(file).length)
    const stopped = AbortSignal.abort(new Error('stopped by hand'))
    const again = { location: locate(kind), out, format: 'csv' as const, file: join(folder, 'out.csv') }
    await expect(exportTurns({ ...again, signal: stopped })).rejects.toThrow()
    expect(readdirSync(folder).filter(name => name.startsWith('out.'))).toEqual(['out.ndjson'])
  },
)

test.each(kinds)(
  'a filter is taken as it is typed, and refused the same with and without a server (%s)',
  async kind => {
    const json = (filters: TurnFilters) =>
      printed(out => listTurns({ location: locate(kind), out, json: true, limit: 600, filters }))
    const count = async (filters: TurnFilters) => JSON.parse(await json(filters)).items.length
    const since = '2026-11-01T00:00Z'
    expect(await count({ since, until: '2026-11-01T01:00+01:00' })).toBe(0)
    expect(await count({ since, until: '2026-11-01T02:00+01:00' })).toBe(60)
    await expect(json({ since: 'yesterday' })).rejects.toMatchObject({
      line: expect.stringMatching(/--since.*yesterday/),
    })
    await expect(json({ outcome: 'great' as 'failed' })).rejects.toMatchObject({
      code: 'invalid_request',
      line: expect.stringMatching(/outcome/),
    })
  },
)

describe('east of Greenwich', () => {
  beforeEach(() => {
    vi.stubEnv('TZ', 'Asia/Kathmandu') // 5:45 ahead; the turns begin at midnight UTC, one a minute
  })
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  test.each([
    ['2026-11-01', 600],
    ['2026-11-02', 0],
    ['2026-11-01T05:45', 600],
    ['2026-11-01 06:45:00', 540],
    ['2026-11-01T01:00Z', 540],
    ['2026-11-01T06:45+0545', 540],
  ])('--since %s leaves %i turns: a date and a time are those of the user', async (since, left) => {
    const location = locate('file')
    const page = await printed(out =>
      listTurns({ location, out, json: true, limit: 600, filters: { since } }),
    )
    expect(JSON.parse(page).items).toHaveLength(left)
    const before = await printed(out =>
      listTurns({ location, out, json: true, limit: 600, filters: { until: since } }),
    )
    expect(JSON.parse(before).items).toHaveLength(600 - left)
  })

  test.each(['5', '2026-02-30', '2026-13-01', '2026-11', '2026-11-01T25:00', '11/01/2026', ''])(
    '%j is no date',
    async since => {
      const listed = listTurns({ location: locate('file'), out: new PassThrough(), filters: { since } })
      await expect(listed).rejects.toMatchObject({
        code: 'invalid_request',
        mend: expect.stringContaining('here'),
      })
    },
  )
})

test('server and file export the same CSV', async () => {
  const [fromServer, fromFile] = await Promise.all(
    kinds.map(kind => printed(out => exportTurns({ location: locate(kind), out, format: 'csv' }))),
  )
  expect(fromServer).toBe(fromFile)
  expect(fromServer?.split('\r\n')).toHaveLength(602)
})

test('a reader that closes the pipe early is no failure', async () => {
  const closing = new Writable({
    write(_chunk, _encoding, done) {
      done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    },
  })
  closing.on('error', () => {})
  await exportTurns({ location: locate('file'), out: closing, format: 'csv' })
})

test('a wrong token and a missing file are said with what to do', async () => {
  const location: TurnLocation = { kind: 'server', baseUrl, token: null }
  await expect(printed(out => listTurns({ location, out }))).rejects.toThrow(/status 401/)
  const nowhere: TurnLocation = { kind: 'file', path: join(folder, 'none.sqlite') }
  await expect(printed(out => listTurns({ location: nowhere, out }))).rejects.toMatchObject({
    line: expect.stringMatching(/no turn record at .*npm start/),
  })
})

test('a query that the server refuses is said in its own words', async () => {
  const bad = { cursor: 'abc' }
  await expect(printed(out => listTurns({ location: locate('server'), out, ...bad }))).rejects.toMatchObject({
    code: 'invalid_request',
    line: expect.stringMatching(/cursor.*Start again without cursor/),
  })
})
