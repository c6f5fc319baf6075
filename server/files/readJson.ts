import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { QuantvoxError } from '../errors.ts'

/** The value of a JSON text; null for what is none, which no schema that is checked afterwards allows. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/**
 * The text of a file. A pipe or a device is refused, since reading one may never end.
 * @throws NotRegular for what is no regular file; what else keeps it from being read
 */
export async function regularText(path: string): Promise<string> {
  // Opening a pipe waits for its writer, unless it is opened like this.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    if (!(await file.stat()).isFile()) throw new NotRegular(path)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

/** The text of a file; null where there is none. Throws as `regularText` what else keeps it from being read. */
export function textIfThere(path: string): Promise<string | null> {
  return regularText(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
    throw error
  })
}

/** The value of a JSON file; null where there is none, or anything else. */
export async function jsonIfThere(path: string): Promise<unknown> {
  const text = await textIfThere(path).catch((error: unknown) => {
    if (error instanceof NotRegular) return null
    throw error
  })
  return parsedJson(text ?? '')
}

class NotRegular extends QuantvoxError {
  constructor(path: string) {
    super('invalid_request', `${path} is no regular file.`, { mend: 'Put the file itself there.' })
  }
}
