import { fileURLToPath } from 'node:url'
import { toFloat32 } from '../../audio/pcm.ts'
import { readClip } from '../../audio/readClip.ts'
import { loadMoonshine } from '../../engines/moonshine/model.ts'

/** "What's the weather like?", two seconds of the lab's clips. */
const clipPath = fileURLToPath(new URL('../../lab/clips/azure-weather.wav', import.meta.url))
const EXPECTED = /weather/i

/** Throws where a Moonshine level does not hear what is said in a clip. */
export async function checkMoonshine({ modelPath }: { modelPath: string }): Promise<void> {
  const never = new AbortController().signal
  const { samples } = await readClip(clipPath, 10, never)
  const { text } = await (await loadMoonshine(modelPath, 1)).transcribe(toFloat32(samples), [], never)
  if (!EXPECTED.test(text))
    throw new Error(`it heard ${JSON.stringify(text)}, not "What's the weather like?"`)
}
