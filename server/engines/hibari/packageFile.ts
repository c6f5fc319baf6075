import { buffer } from 'node:stream/consumers'
import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/schema'
import { openPromise } from 'yauzl'

/** What is read of the wheel. */
const FOLDER = 'hibari/assets/'

/**
 * The named files of hibari's wheel, which is kept as it came: its hash in the catalog is that of all that is in it.
 * @throws Error where one is missing; what reading throws
 */
export async function readPackage(path: string, names: readonly string[]): Promise<(name: string) => Buffer> {
  const zip = await openPromise(path)
  const read = new Map<string, Buffer>()
  try {
    for await (const entry of zip.eachEntry()) {
      const name = entry.fileName.slice(FOLDER.length)
      if (entry.fileName.startsWith(FOLDER) && names.includes(name))
        read.set(name, await buffer(await zip.openReadStreamPromise(entry)))
    }
  } finally {
    zip.close()
  }
  return name => {
    const file = read.get(name)
    if (file === undefined)
      throw new Error(`${path} has no file "${name}": it is not the package of the voice.`)
    return file
  }
}

/** A JSON file of the shape that it should have. */
export const jsonOf = <T extends TSchema>(schema: T, file: Buffer): Static<T> =>
  Compile(schema).Parse(JSON.parse(file.toString('utf8'))) as Static<T>
