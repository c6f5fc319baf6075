import { createReadStream } from 'node:fs'
import { type DecodedAudio, decodeAudio } from './decodeAudio.ts'

const MAX_CLIP_BYTES = 100 * 2 ** 20

/** Decodes an audio file of this machine as `decodeAudio` does. @throws also the system error for one that is not there */
export function readClip(path: string, maxSeconds: number, signal: AbortSignal): Promise<DecodedAudio> {
  return decodeAudio(createReadStream(path), { maxBytes: MAX_CLIP_BYTES, maxSeconds }, signal)
}
