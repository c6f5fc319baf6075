import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { EndOfTurnEntry } from '../../../server/setup/catalog.ts'
import { ensureEndOfTurn, findEndOfTurn } from '../../../server/setup/endOfTurn/endOfTurn.ts'
import { SourceFailure } from '../../../server/setup/failures.ts'
import type { SetupContext } from '../../../server/setup/types.ts'
import { storedZip } from '../../support/setup/zip.ts'

const model = randomBytes(10_000)
const sha256 = createHash('sha256').update(model).digest('hex')
const entry: EndOfTurnEntry = {
  name: 'ears-v1',
  licence: 'MIT',
  wheel: { package: 'ears', version: '1.0', sha256, sizeBytes: 1, licence: 'MIT' },
  member: 'ears/data/ears.onnx',
  sha256,
}

let root: string
let context: SetupContext
let downloads: number
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'end-of-turn-'))
  context = { cacheDir: join(root, 'cache'), signal: AbortSignal.timeout(15_000), onProgress: () => {} }
  downloads = 0
})
afterEach(() => rm(root, { recursive: true, force: true }))

const wheelWith = (bytes: Buffer) => async (_wheel: unknown, directory: string) => {
  downloads++
  const path = join(directory, 'ears-1.0.whl')
  writeFileSync(path, storedZip({ [entry.member]: bytes }))
  return path
}
const get = () => ensureEndOfTurn(context, entry, wheelWith(model))

describe('the model that hears the end of a turn', () => {
  test('comes out of its wheel once, also where two ask at once', async () => {
    expect(await findEndOfTurn(context, entry)).toBeNull()
    const [one, other] = await Promise.all([get(), get()])
    expect(readFileSync(one).equals(model)).toBe(true)
    expect([other, await get(), await findEndOfTurn(context, entry)]).toEqual([one, one, one])
    expect(downloads).toBe(1)
  })

  test('is got again where its file was damaged', async () => {
    const path = await get()
    writeFileSync(path, randomBytes(model.length))
    await utimes(path, new Date(0), new Date(0))
    expect(await findEndOfTurn(context, entry)).toBeNull()
    expect(readFileSync(await get()).equals(model)).toBe(true)
  })

  test.each([
    ['another file in the wheel', wheelWith(randomBytes(10)), /another hash than the catalog names/],
    ['no wheel', () => Promise.reject(new SourceFailure('`pip` is not installed')), /`pip` is not installed/],
  ])('cannot be had: %s', async (_what, download, why) => {
    const failing = ensureEndOfTurn(context, entry, download)
    await expect(failing).rejects.toMatchObject({
      code: 'engine_unavailable',
      message: expect.stringMatching(why),
      meaning: 'Turns end after a fixed silence, as with ENDPOINTING=silence.',
    })
    expect(await findEndOfTurn(context, entry)).toBeNull()
  })
})
