import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { QuantvoxError } from '../../errors.ts'

/** openWakeWord names its files hey_jarvis_v0.1.onnx. */
const FILE = /^([\w-]+?)(?:_v[\d.]+)?\.onnx$/

/** Wake words in the operator's folder: hey_there_v1.0.onnx is `hey-there`. Throws `invalid_request` for a folder that cannot be read. */
export async function ownWakeWords(folder: string | null): Promise<{ name: string; path: string }[]> {
  if (folder === null) return []
  const files = await readdir(folder).catch((error: unknown) => {
    throw new QuantvoxError('invalid_request', `The folder WAKE_DIR=${folder} cannot be read.`, {
      meaning: 'Wake words of your own are looked for there.',
      mend: 'Set WAKE_DIR to a folder with ONNX models, or leave it out.',
      cause: error,
    })
  })
  return files.toSorted().flatMap(file => {
    const name = FILE.exec(file)?.[1]?.replaceAll('_', '-').toLowerCase()
    return name === undefined ? [] : [{ name, path: join(folder, file) }]
  })
}
