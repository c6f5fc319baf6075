import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { QuantvoxError } from '../../../server/errors.ts'
import { PRIVATE_FILE } from '../../../server/files/privateFiles.ts'
import type { StoredTurn } from '../../../server/protocol/record.ts'
import { MAX_PAGE_SIZE, type TurnFilters, type TurnPage } from '../../../server/protocol/turnQueries.ts'
import { levelName } from '../../../server/shared/quantization.ts'
import { printable } from '../printable.ts'
import { textTable } from '../textTable.ts'
import { milliseconds, timingTable } from '../timingTable.ts'
import { typedFilters } from './turnFilters.ts'
import { openTurnSource, type TurnLocation, type TurnSource } from './turnSource.ts'

type Common = { location: TurnLocation; out: Writable; signal?: AbortSignal }

/** `turns list`: the newest `limit` turns (20) as a table of 60 columns, or a wide one, or `{items, nextCursor}` as JSON. */
export async function listTurns(
  options: Common & {
    json?: boolean
    wide?: boolean
    limit?: number
    cursor?: string
    filters?: TurnFilters
  },
): Promise<void> {
  const { limit = 20, cursor = null } = options
  const filters = typedFilters(options.filters ?? {})
  const page = await withSource(options, source => newest(source, filters, limit, cursor))
  if (options.json) return write(options.out, `${JSON.stringify(page, null, 2)}\n`)
  await write(
    options.out,
    page.items.length === 0
      ? 'No turns.\n'
      : `${options.wide ? wideTable(page.items) : turnTable(page.items)}\n`,
  )
}

/** `turns show ID`: text and timing table, or the stored turn as JSON; of a recent turn the end of its id will do. Throws `not_found`, `invalid_request`. */
export async function showTurn(options: Common & { turnId: string; json?: boolean }): Promise<void> {
  const turn = await withSource(options, async source => source.get(await wholeId(source, options.turnId)))
  await write(
    options.out,
    options.json ? `${JSON.stringify(turn, null, 2)}\n` : `${printable(turnText(turn))}\n`,
  )
}

/**
 * `turns export`: the whole selection to `file`, or to `out` without one. The file gets its name only when it is
 * complete. Resolves to the number of bytes; a reader that closes the pipe early is no failure.
 */
export async function exportTurns(
  options: Common & { format: 'csv' | 'ndjson'; filters?: TurnFilters; file?: string },
): Promise<{ bytes: number }> {
  const filters = typedFilters(options.filters ?? {})
  return withSource(options, async source => {
    const turns = await source.export(options.format, filters)
    let bytes = 0
    const counted = async function* (chunks: AsyncIterable<Buffer | string>) {
      for await (const chunk of chunks) {
        bytes += Buffer.byteLength(chunk)
        yield chunk
      }
    }
    const stop = options.signal ? { signal: options.signal } : {}
    if (options.file === undefined) {
      await pipeline(turns, counted, options.out, { ...stop, end: false }).catch(ignoreClosedPipe)
      return { bytes }
    }
    const partial = `${options.file}.${process.pid}.part`
    try {
      await pipeline(turns, counted, createWriteStream(partial, { mode: PRIVATE_FILE }), stop)
      await rename(partial, options.file)
    } catch (error) {
      await rm(partial, { force: true })
      throw error
    }
    return { bytes }
  })
}

async function withSource<T>(options: Common, work: (source: TurnSource) => Promise<T>): Promise<T> {
  const source = await openTurnSource(options.location, options.signal)
  try {
    return await work(source)
  } finally {
    await source.close()
  }
}

async function newest(
  source: TurnSource,
  filters: TurnFilters,
  limit: number,
  from: string | null,
): Promise<TurnPage> {
  const items: StoredTurn[] = []
  let cursor = from
  do {
    const page = await source.list(filters, Math.min(limit - items.length, MAX_PAGE_SIZE), cursor)
    items.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== null && items.length < limit)
  return { items, nextCursor: cursor }
}

/** How many turns are looked through for one whose id ends so. */
const RECENT = 1000
const SHOWN_END = 8

/** @throws QuantvoxError `not_found`, and `invalid_request` where several recent turns end so */
async function wholeId(source: TurnSource, id: string): Promise<string> {
  if (id.length >= 36) return id
  const { items } = await newest(source, {}, RECENT, null)
  const [found, another] = items.filter(({ turnId }) => turnId.endsWith(id))
  if (found === undefined)
    throw new QuantvoxError(
      'not_found',
      `None of the last ${items.length} turns has an id that ends in "${id}".`,
      {
        mend: 'See `npx quantvox turns list`, or give the whole id.',
      },
    )
  if (another !== undefined)
    throw new QuantvoxError('invalid_request', `Several turns have an id that ends in "${id}".`, {
      mend: 'Give more of it; `npx quantvox turns list --wide` has it whole.',
    })
  return found.turnId
}

type Column = { title: string; right?: boolean; read(turn: StoredTurn): string }

const wideColumns: readonly Column[] = [
  { title: 'time', read: turn => localTime(turn.startedAt) },
  { title: 'outcome', read: turn => turn.errorCode ?? turn.outcome },
  { title: 'speech', read: turn => turn.speech.model?.replace(/^whisper-/, '') ?? '–' },
  { title: 'language model', read: turn => turn.llm.model ?? '–' },
  { title: 'transcript', right: true, read: turn => milliseconds(turn.fromSpeechEnd.transcriptMs) },
  { title: 'first token', right: true, read: turn => milliseconds(turn.fromSpeechEnd.firstTokenMs) },
  { title: 'first audio', right: true, read: turn => milliseconds(turn.fromSpeechEnd.firstAudioMs) },
  { title: 'total ms', right: true, read: turn => milliseconds(turn.fromSpeechEnd.replyDoneMs) },
  { title: 'turn', read: turn => turn.turnId },
]

const whole = (ms: number | null) => (ms === null ? '–' : String(Math.round(ms)))

/** Of the models only the levels, of the id only its end. */
const columns: readonly Column[] = [
  { title: 'time', read: turn => localTime(turn.startedAt).slice(-8) },
  { title: 'outcome', read: turn => turn.outcome },
  { title: 'levels', read: ({ speech, llm }) => levels(speech.quantization, llm.quantization) },
  { title: 'token', right: true, read: turn => whole(turn.fromSpeechEnd.firstTokenMs) },
  { title: 'audio', right: true, read: turn => whole(turn.fromSpeechEnd.firstAudioMs) },
  { title: 'turn', read: turn => turn.turnId.slice(-SHOWN_END) },
]

/** `q8_0 · q4_K_M`. */
function levels(...quantizations: (string | null)[]): string {
  const known = quantizations.filter(level => level !== null).map(level => levelName(level))
  return known.length === 0 ? '–' : known.join(' · ')
}

/** The turns of a day under the day and a heading; numbers are milliseconds from speech end, aligned right. */
function turnTable(turns: readonly StoredTurn[]): string {
  const days = Map.groupBy(turns, ({ startedAt }) => localTime(startedAt).slice(0, -9))
  const tables = [...days].map(([day, ofDay]) => `${day}\n${tableOf(columns, ofDay)}`)
  return `${tables.join('\n\n')}\n\nms from speech end; \`turns show ${turns[0]?.turnId.slice(-SHOWN_END)}\` shows one whole.`
}

const wideTable = (turns: readonly StoredTurn[]) => tableOf(wideColumns, turns)

/** One line a turn under a heading. */
function tableOf(columns: readonly Column[], turns: readonly StoredTurn[]): string {
  const right = new Set(columns.flatMap((column, index) => (column.right ? [index] : [])))
  const rows = turns.map(turn => columns.map(({ read }) => read(turn)))
  return textTable([columns.map(({ title }) => title), ...rows], right)
}

/** A turn for a reader: what it was, what was said, and its timing table. */
function turnText(turn: StoredTurn): string {
  const failed = turn.errorCode === null ? '' : ` (${turn.errorCode})`
  const said = [
    ['you', turn.transcript],
    ['reply', turn.reply],
    ['heard', turn.heardText],
  ].flatMap(([who, text]) => (text === null ? [] : [`${`${who}:`.padEnd(7)}${text}`]))
  return [
    `turn ${turn.turnId}\n${localTime(turn.startedAt)}, ${turn.outcome}${failed}, from ${turn.source}`,
    ...(said.length === 0 ? [] : [said.join('\n')]),
    timingTable(turn),
  ].join('\n\n')
}

/** `2026-11-23 08:00:05` in the time zone of the terminal. */
function localTime(iso: string): string {
  const time = new Date(iso)
  if (Number.isNaN(time.getTime())) return iso
  return time.toLocaleString('sv-SE') // the locale whose form is ISO 8601
}

async function write(out: Writable, text: string): Promise<void> {
  const written = new Promise<void>((resolve, reject) => {
    out.write(text, error => (error ? reject(error) : resolve()))
  })
  await written.catch(ignoreClosedPipe)
}

/** `| head` closes the pipe when it has enough. */
function ignoreClosedPipe(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'EPIPE')) throw error
}
