import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { joinSamples, samplesIn, toBytes } from '../../../server/audio/pcm.ts'
import { readClip } from '../../../server/audio/readClip.ts'
import { clip } from '../liveServer.ts'
import { wavBytes } from '../wavBytes.ts'

/** What a fake microphone hears: a pause, a clip, then silence of its own length; Chromium begins it again at its end. */
export async function spokenWav(name: string, silenceMs = 60_000): Promise<string> {
  const { samples } = await readClip(clip(name), 60, new AbortController().signal)
  const silence = (ms: number) => new Int16Array(samplesIn(ms))
  const all = joinSamples([silence(1000), samples, silence(silenceMs)])
  const path = join(await mkdtemp(join(tmpdir(), 'quantvox-microphone-')), `${name}.wav`)
  await writeFile(path, wavBytes({ audio: Buffer.from(toBytes(all)) }))
  return path
}
