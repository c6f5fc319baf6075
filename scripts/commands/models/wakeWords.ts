import {
  checkLicence,
  ensureWakeWord,
  listWakeWords,
  type SetupContext,
} from '../../../server/setup/index.ts'
import type { ModelRow } from './modelTable.ts'

const PREFIX = 'wake:'

/** The wake word that a model's name means; null for other models. */
export function wakeWordIn(name: string): string | null {
  return name.startsWith(PREFIX) ? name.slice(PREFIX.length) : null
}

export async function wakeRows(cacheDir: string, wakeDir: string | null): Promise<ModelRow[]> {
  const words = await listWakeWords(cacheDir, wakeDir)
  return words.map(({ name, source, licence, installed, sizeBytes }) => ({
    ...{ name: PREFIX + name, quantization: null, parameterSize: null, sizeBytes, installed },
    licence: source === 'folder' ? 'your own' : (licence ?? undefined),
  }))
}

/** Throws `licence_not_accepted`, which says what the licence is, where it was not; `model_not_found`. */
export async function pullWakeWord(
  name: string,
  isLicenceAccepted: boolean,
  context: SetupContext,
): Promise<void> {
  const word = (await listWakeWords(context.cacheDir, null)).find(known => known.name === name)
  checkLicence(name, (isLicenceAccepted && word?.licence) || null)
  await ensureWakeWord(name, context)
}
