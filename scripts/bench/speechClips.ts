import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import Type, { type Static } from 'typebox'
import { Check } from 'typebox/value'
import { readClip } from '../../server/audio/readClip.ts'
import type { FindSpeech, SpeechFound } from '../../server/hearing/speechSegments.ts'

/** Those of the tests, with what is said in them. */
export const ownClips = resolve(import.meta.dirname, '../../test/fixtures/speech')
/** Questions are not longer: what a person asks an assistant, no speeches. */
export const MAX_QUESTION_MS = 6_000

const Manifest = Type.Array(
  Type.Object({
    file: Type.String(),
    text: Type.String(),
    // The last three are for bench:turntaking, to be heard over replies.
    kind: Type.Enum(['speech', 'nonspeech', 'laughter', 'listening-word', 'stop-words']),
    speaker: Type.Optional(Type.String()),
  }),
)

export type SpeechClip = Static<typeof Manifest>[number] & {
  samples: Int16Array
  audioMs: number
  found: SpeechFound
}

/**
 * The clips of a folder with a `manifest.json` of `{file, text, kind}`, decoded, with the speech in them found.
 * @throws Error for a folder without a manifest of that form; what decoding throws
 */
export async function readSpeechClips(
  directory: string,
  findSpeech: FindSpeech,
  signal: AbortSignal,
): Promise<SpeechClip[]> {
  const path = join(directory, 'manifest.json')
  const manifest: unknown = JSON.parse(await readFile(path, 'utf8'))
  if (!Check(Manifest, manifest)) throw new Error(`${path} is no list of {file, text, kind}.`)
  return Array.fromAsync(manifest, async entry => {
    const { samples, durationMs } = await readClip(join(directory, entry.file), 600, signal)
    return { ...entry, samples, audioMs: durationMs, found: await findSpeech(samples, signal) }
  })
}
