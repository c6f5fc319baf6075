import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { rememberWhenDone } from '../../shared/remember.ts'
import { toFloat32 } from '../pcm.ts'
import { createBreather } from '../yielding.ts'
import { ENCODED_RATE } from './encode.ts'

/** Kilobits a second; MPEG-2 layer III at 24 kHz mono has 160 at most. */
const BITRATE = 64

/** Encoded at once: a long part takes milliseconds, for which its first bytes need not wait. */
const STEP_SAMPLES = ENCODED_RATE / 10

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
    prepareSpare()
  }
}

/** An encoder that is ready: to get one so takes 4 ms, for which the first bytes of an answer need not wait. */
let spare: ReturnType<typeof createEncoder> | null = null

function takeEncoder(): ReturnType<typeof createEncoder> {
  const taken = spare ?? createEncoder()
  spare = null
  return taken
}

/** Once the answer that took the last one is over, so that it takes no time of any. */
function prepareSpare(): void {
  if (spare !== null) return
  spare = createEncoder()
  spare.catch(() => {
    spare = null
  })
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
  encoder.configure({ sampleRate: ENCODED_RATE, channels: 1, bitrate: BITRATE })
  return encoder
}
