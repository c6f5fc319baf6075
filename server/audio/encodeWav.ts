import { Writer } from 'wav'
import { PCM_SAMPLE_RATE, toBytes } from './pcm.ts'

/** Mono 16-bit samples as a WAV file. */
export function encodeWav(samples: Int16Array, sampleRate: number = PCM_SAMPLE_RATE): Buffer<ArrayBuffer> {
  const audio = toBytes(samples)
  // Writer has its header ready from the start, but with lengths for a stream of unknown end.
  const header = new Writer({ channels: 1, sampleRate, bitDepth: 16 }).read() as Buffer
  const file = Buffer.concat([header, audio])
  file.writeUInt32LE(file.length - 8, 4)
  file.writeUInt32LE(audio.length, header.length - 4)
  return file
}
