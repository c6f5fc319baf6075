import { readFile, stat } from 'node:fs/promises'
import { QuantvoxError } from '../errors.ts'
import { type DecodedAudio, decodeAudio } from './decodeAudio.ts'

const MAX_CLIP_BYTES = 100 * 2 ** 20

/** Decodes an audio file of this machine as `decodeAudio` does. @throws also the system error for one that is not there */
export async function readClip(path: string, maxSeconds: number, signal: AbortSignal): Promise<DecodedAudio> {
  const found = await stat(path)
  // A pipe or a device may have no end.
  if (!found.isFile())
    throw new QuantvoxError('audio_invalid', `${path} is no file.`, { mend: 'Name a file.' })
  if (found.size > MAX_CLIP_BYTES) {
    throw new QuantvoxError('too_large', `${path} is larger than ${MAX_CLIP_BYTES / 2 ** 20} MiB.`, {
      mend: 'Cut it into shorter parts.',
    })
  }
  return decodeAudio(await readFile(path, { signal }), { maxBytes: MAX_CLIP_BYTES, maxSeconds }, signal)
}
