import { encodeWav } from '../encodeWav.ts'
import { toBytes } from '../pcm.ts'
import { ENCODED_RATE } from './encode.ts'

/** "Until the end": lengths are not known before it. */
const UNKNOWN = 0xffff_ffff

/** One header with lengths that say that they are not known, and the samples. */
export async function* streamedWav(samples: AsyncIterable<Int16Array>): AsyncGenerator<Uint8Array> {
  const header = encodeWav(new Int16Array(0), ENCODED_RATE)
  header.writeUInt32LE(UNKNOWN, 4)
  header.writeUInt32LE(UNKNOWN, header.length - 4)
  let isFirst = true
  for await (const part of samples) {
    yield isFirst ? Buffer.concat([header, toBytes(part)]) : toBytes(part)
    isFirst = false
  }
}
