import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { setImmediate as others } from 'node:timers/promises'
import { rememberWhenDone } from '../../shared/remember.ts'
import { toFloat32 } from '../pcm.ts'
import { createBreather } from '../yielding.ts'
import { ENCODED_RATE } from './encode.ts'

/** Kilobits a second; MPEG-2 layer III at 24 kHz mono has 160 at most. */
const BITRATE = 64

/** Encoded at once: a long part takes milliseconds, for which its first bytes need not wait. */
const STEP_SAMPLES = ENCODED_RATE / 10

/** Each holds 16 MiB. */
const MOST_IDLE = 2

type Encoder = Awaited<ReturnType<typeof createEncoder>>

/** By LAME, compiled to WebAssembly: every frame stands by itself, so that bodies may be concatenated. */
export async function* mp3(
  samples: AsyncIterable<Int16Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  // Beside the voice's own work for the first samples.
  const creating = takeEncoder()
  creating.catch(() => {})
  const breathe = createBreather(signal)
  try {
    for await (const part of samples) {
      for (let at = 0; at < part.length; at += STEP_SAMPLES) {
        const step = toFloat32(part.subarray(at, at + STEP_SAMPLES))
        // The encoder reuses the memory of what it gives.
        const bytes = Uint8Array.from((await creating).encode([step]))
        if (bytes.length > 0) yield bytes
        // As in formats.ts.
        await breathe()
      }
    }
    yield Uint8Array.from((await creating).finalize())
  } finally {
    void putBack(creating)
  }
}

/**
 * Encoders that are ready. To get a new one so takes 4 ms, for which the first bytes of an answer need not wait, and its memory goes with a
 * collection of all garbage, which holds up the answers after it.
 */
const idle: Encoder[] = []

const takeEncoder = async (): Promise<Encoder> => idle.pop() ?? (await createEncoder())

/** To begin anew takes 2 ms: once the last of the answer has left, so that it takes no time of any. */
async function putBack(creating: Promise<Encoder>): Promise<void> {
  try {
    const encoder = await creating
    await others()
    if (idle.length >= MOST_IDLE) return
    begin(encoder)
    idle.push(encoder)
  } catch {
    // What failed is not taken again.
  }
}

/** Loaded when it is first wanted, and compiled once: each time takes 10 ms. */
const lame = rememberWhenDone(async () => {
  const { createEncoder } = await import('wasm-media-encoders')
  const path = createRequire(import.meta.url).resolve('wasm-media-encoders/wasm/mp3')
  const module = await WebAssembly.compile(await readFile(path))
  return () => createEncoder('audio/mpeg', module)
})

async function createEncoder() {
  const encoder = await (await lame())()
  begin(encoder)
  return encoder
}

/** Whatever it did before, it knows nothing of it then. */
function begin(encoder: Encoder): void {
  encoder.configure({ sampleRate: ENCODED_RATE, channels: 1, bitrate: BITRATE })
}
