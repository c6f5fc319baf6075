import { toFloat32 } from '../pcm.ts'
import { ENCODED_RATE } from './encode.ts'

/** Kilobits a second; MPEG-2 layer III at 24 kHz mono has 160 at most. */
const BITRATE = 64

/** By LAME, compiled to WebAssembly: every frame stands by itself, so that bodies may be concatenated. */
export async function* mp3(samples: AsyncIterable<Int16Array>): AsyncGenerator<Uint8Array> {
  // Beside the voice's own work for the first samples.
  const creating = createEncoder()
  creating.catch(() => {})
  for await (const part of samples) {
    // The encoder reuses the memory of what it gives.
    const bytes = Uint8Array.from((await creating).encode([toFloat32(part)]))
    if (bytes.length > 0) yield bytes
  }
  yield Uint8Array.from((await creating).finalize())
}

/** Loaded when it is first wanted. */
async function createEncoder() {
  const { createMp3Encoder } = await import('wasm-media-encoders')
  const encoder = await createMp3Encoder()
  encoder.configure({ sampleRate: ENCODED_RATE, channels: 1, bitrate: BITRATE })
  return encoder
}
