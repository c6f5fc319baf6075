import { randomInt } from 'node:crypto'
import { joinSamples } from '../pcm.ts'
import { createBreather } from '../yielding.ts'
import { ENCODED_RATE } from './encode.ts'
import { createOggPages } from './oggPages.ts'

/** 20 ms, which Opus is tuned for. */
const FRAME_SAMPLES = ENCODED_RATE / 50
/** Positions in Ogg Opus are at 48 kHz, whatever the rate of the source (RFC 7845, 4). */
const TICKS = 48_000 / ENCODED_RATE
const BITRATE = 32_000
/** Encoded at once; a frame takes up to a millisecond, for which the first page need not wait. */
const FIRST_PAGE_SAMPLES = 2 * FRAME_SAMPLES
const PAGE_SAMPLES = 5 * FRAME_SAMPLES

/** Opus in Ogg (RFC 7845): a page for each 100 ms, or for what came at once where that is less. */
export async function* oggOpus(
  samples: AsyncIterable<Int16Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const creating = createEncoder()
  creating.catch(() => {})
  const breathe = createBreather(signal)
  const pages = createOggPages(randomInt(2 ** 32))
  let waiting: Int16Array = new Int16Array(0)
  let encoded = 0
  let received = 0
  let isFirst = true
  const page = async (isEnd: boolean) => {
    const encoder = await creating
    const packets: Uint8Array[] = []
    let at = 0
    for (; at + FRAME_SAMPLES <= waiting.length; at += FRAME_SAMPLES)
      packets.push(encoder.encode(waiting.subarray(at, at + FRAME_SAMPLES)))
    waiting = waiting.slice(at)
    encoded += packets.length * FRAME_SAMPLES
    // The last page says where the sound ends, which is before the end of the last frame.
    const delay = encoder.getLookahead()
    const ticks = (isEnd ? Math.min(encoded, received + delay) : encoded) * TICKS
    const front = isFirst ? [heads(pages, delay)] : []
    isFirst = false
    return Buffer.concat([...front, pages.page(packets, ticks, isEnd)])
  }
  try {
    for await (const part of samples) {
      for (let at = 0; at < part.length; ) {
        const next = part.subarray(at, at + (isFirst ? FIRST_PAGE_SAMPLES : PAGE_SAMPLES) - waiting.length)
        at += next.length
        waiting = joinSamples([waiting, next])
        received += next.length
        if (waiting.length >= FRAME_SAMPLES) yield await page(false)
        // As in formats.ts.
        await breathe()
      }
    }
    // What the encoder still holds comes out with as much silence behind it.
    const missing = received + (await creating).getLookahead() - encoded
    const padded = Math.ceil(missing / FRAME_SAMPLES) * FRAME_SAMPLES
    waiting = joinSamples([waiting, new Int16Array(padded - waiting.length)])
    yield await page(true)
  } finally {
    await creating.then(
      encoder => encoder.free(),
      () => {},
    )
  }
}

function heads(pages: ReturnType<typeof createOggPages>, delay: number): Buffer {
  const head = Buffer.alloc(19)
  head.write('OpusHead', 0, 'latin1')
  head.writeUInt8(1, 8) // version
  head.writeUInt8(1, 9) // channels
  head.writeUInt16LE(delay * TICKS, 10)
  head.writeUInt32LE(ENCODED_RATE, 12)
  const vendor = Buffer.from('quantvox')
  const tags = Buffer.alloc(8 + 4 + vendor.length + 4)
  tags.write('OpusTags', 0, 'latin1')
  tags.writeUInt32LE(vendor.length, 8)
  vendor.copy(tags, 12)
  return Buffer.concat([pages.page([head], 0, false), pages.page([tags], 0, false)])
}

/** Loaded when it is first wanted. */
async function createEncoder() {
  const { Application, createEncoder, Signal } = await import('libopus-wasm')
  return await createEncoder({
    ...{ channels: 1, sampleRate: ENCODED_RATE, frameSize: FRAME_SAMPLES, bitrate: BITRATE },
    ...{ application: Application.Audio, signal: Signal.Voice },
  })
}
