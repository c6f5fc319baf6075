import { isUtf8 } from 'node:buffer'
import { QuantvoxError } from '../../errors.ts'
import { socketLimits } from '../../protocol/socketLimits.ts'

/** What one event may have. Clients in Python read no longer line either. */
export const framingLimits = {
  lineBytes: 64 * 1024,
  dataBytes: 64 * 1024,
  payloadBytes: socketLimits.maxMessageBytes,
} as const

/** The version of the protocol that is spoken here, by the package of its authors. */
const VERSION = '1.10.2'
const NEWLINE = 0x0a

/** An event as it is on the wire; what is in `data` is not checked yet. */
export type WyomingEvent = { type: string; data: Record<string, unknown>; payload: Buffer }

type Head = { type: string; data: Record<string, unknown>; dataBytes: number; payloadBytes: number }

/**
 * Reads events out of bytes however they are cut: a line of JSON, then as many bytes of more data and of payload as it says.
 * @throws QuantvoxError `invalid_message`, `too_large`; where the next event begins is not known then
 */
export function createEventReader() {
  const collect = createCollector()
  let head: Head | null = null
  let data: Record<string, unknown> | null = null

  /** What comes next as a whole, or null where more bytes are needed for it. */
  function next(bytes: Bytes): WyomingEvent | 'part' | null {
    if (head === null) {
      const line = collect.line(bytes)
      if (line === null) return null
      head = headOf(line)
      return 'part'
    }
    if (data === null) {
      const more = collect.exactly(head.dataBytes, bytes)
      if (more === null) return null
      data = more.length === 0 ? head.data : { ...head.data, ...jsonObject(more, 'The data of an event') }
      return 'part'
    }
    const payload = collect.exactly(head.payloadBytes, bytes)
    if (payload === null) return null
    const event = { type: head.type, data, payload }
    head = null
    data = null
    return event
  }

  return {
    *push(chunk: Buffer): Generator<WyomingEvent, void, undefined> {
      const bytes: Bytes = { chunk, at: 0 }
      for (let found = next(bytes); found !== null; found = next(bytes)) if (found !== 'part') yield found
    },
    /** Some of an event has come, and not all of it. */
    isWithin: (): boolean => head !== null || collect.size() > 0,
  }
}

type Bytes = { chunk: Buffer; at: number }

/** Keeps the parts of what is not whole yet, and joins them once. */
function createCollector() {
  let parts: Buffer[] = []
  let size = 0

  function keep(bytes: Bytes, until: number): void {
    const part = bytes.chunk.subarray(bytes.at, until)
    bytes.at = until
    if (part.length === 0) return
    parts.push(part)
    size += part.length
  }

  function whole(): Buffer {
    const [first] = parts
    const joined = parts.length === 1 && first !== undefined ? first : Buffer.concat(parts)
    parts = []
    size = 0
    return joined
  }

  return {
    size: () => size,
    /** A line without its end. @throws `too_large` */
    line(bytes: Bytes): Buffer | null {
      const end = bytes.chunk.indexOf(NEWLINE, bytes.at)
      const until = end === -1 ? bytes.chunk.length : end
      if (size + until - bytes.at > framingLimits.lineBytes)
        throw tooLarge('The line of an event', framingLimits.lineBytes)
      keep(bytes, until)
      if (end === -1) return null
      bytes.at = end + 1
      return whole()
    },
    exactly(wanted: number, bytes: Bytes): Buffer | null {
      keep(bytes, Math.min(bytes.chunk.length, bytes.at + wanted - size))
      return size === wanted ? whole() : null
    },
  }
}

function headOf(line: Buffer): Head {
  const fields = jsonObject(line, 'The line of an event')
  const { type, data } = fields
  if (typeof type !== 'string' || type === '') throw invalid('An event has no "type".')
  if (data !== undefined && data !== null && !isObject(data))
    throw invalid('"data" of an event is no JSON object.')
  return {
    ...{ type, data: data ?? {} },
    dataBytes: lengthIn(fields, 'data_length', framingLimits.dataBytes),
    payloadBytes: lengthIn(fields, 'payload_length', framingLimits.payloadBytes),
  }
}

function lengthIn(fields: Record<string, unknown>, name: string, most: number): number {
  const length = fields[name] ?? 0
  if (typeof length !== 'number' || !Number.isInteger(length) || length < 0)
    throw invalid(`"${name}" of an event is no number of bytes.`)
  if (length > most) throw tooLarge(`"${name}" of an event`, most)
  return length
}

function jsonObject(bytes: Buffer, what: string): Record<string, unknown> {
  if (!isUtf8(bytes)) throw invalid(`${what} is not UTF-8.`)
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw invalid(`${what} is not JSON.`, cause)
  }
  if (!isObject(value)) throw invalid(`${what} is no JSON object.`)
  return value
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function invalid(message: string, cause?: unknown): QuantvoxError {
  return new QuantvoxError('invalid_message', message, {
    mend: 'Send Wyoming: a line of JSON with "type", then as many bytes as "data_length" and "payload_length" say.',
    cause,
  })
}

function tooLarge(what: string, most: number): QuantvoxError {
  return new QuantvoxError('too_large', `${what} has more than ${most} bytes.`, {
    mend: 'Send less at once: text in parts, audio in shorter chunks.',
  })
}

const NOTHING = Buffer.alloc(0)

/** The bytes of an event: its data behind the line, as the line may be no longer than clients read. */
export function eventBytes(type: string, data: object = {}, payload: Uint8Array = NOTHING): Buffer {
  const json = Buffer.from(JSON.stringify(data))
  const hasData = json.length > 2
  const line = {
    ...{ type, version: VERSION },
    ...(hasData ? { data_length: json.length } : {}),
    ...(payload.length > 0 ? { payload_length: payload.length } : {}),
  }
  return Buffer.concat([Buffer.from(`${JSON.stringify(line)}\n`), hasData ? json : NOTHING, payload])
}
