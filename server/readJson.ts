import { readFile } from 'node:fs/promises'

/** The value of a JSON text; null for what is none, which no schema that is checked afterwards allows. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** The text of a file; null where there is none. Throws what else keeps it from being read. */
export function textIfThere(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
    throw error
  })
}

/** The value of a JSON file; null where there is none, or one of anything else. */
export const jsonIfThere = async (path: string): Promise<unknown> =>
  parsedJson((await textIfThere(path)) ?? '')
