import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { VoicePackage } from '../../../server/setup/catalog.ts'
import { SourceFailure } from '../../../server/setup/failures.ts'
import type { SetupContext } from '../../../server/setup/types.ts'
import { ensureVoice, findVoice, removeVoice } from '../../../server/setup/voice/voice.ts'

const wheel = randomBytes(10_000)
const sha256 = createHash('sha256').update(wheel).digest('hex')
const entry: VoicePackage = {
  ...{ name: 'lark', parameterSize: '6M', quantization: 'int8', licence: 'Apache-2.0' },
  wheel: { package: 'lark-tts', version: '1.0', sha256, sizeBytes: wheel.length, licence: 'Apache-2.0' },
}

let context: SetupContext
let downloads: number
beforeEach(() => {
  const cacheDir = mkdtempSync(join(tmpdir(), 'voice-'))
  context = { cacheDir, signal: AbortSignal.timeout(15_000), onProgress: () => {} }
  downloads = 0
})
afterEach(() => rm(context.cacheDir, { recursive: true, force: true }))

/** Names of wheels have more in them than the package. */
const download = async (_wheel: unknown, directory: string) => {
  downloads++
  const path = join(directory, 'lark_tts-1.0-py3-none-any.whl')
  writeFileSync(path, wheel)
  return path
}
const get = () => ensureVoice(context, entry, download)

describe('the package of the voice', () => {
  test('is fetched once, also where two ask at once, and kept as it came', async () => {
    expect(await findVoice(context, entry)).toBeNull()
    const [one, other] = await Promise.all([get(), get()])
    expect(readFileSync(one).equals(wheel)).toBe(true)
    expect([other, await get(), await findVoice(context, entry)]).toEqual([one, one, one])
    expect(downloads).toBe(1)
  })

  test('is fetched again where it was damaged, and can be removed', async () => {
    const path = await get()
    writeFileSync(path, randomBytes(wheel.length))
    await utimes(path, new Date(0), new Date(0))
    expect(await findVoice(context, entry)).toBeNull()
    expect(readFileSync(await get()).equals(wheel)).toBe(true)
    expect([await removeVoice(context.cacheDir, entry), await removeVoice(context.cacheDir, entry)]).toEqual([
      true,
      false,
    ])
    expect(await findVoice(context, entry)).toBeNull()
  })

  test('that cannot be had leaves the other voices', async () => {
    const failing = ensureVoice(context, entry, () =>
      Promise.reject(new SourceFailure('`pip` is not installed')),
    )
    await expect(failing).rejects.toMatchObject({
      code: 'engine_unavailable',
      message: expect.stringContaining('PyPI lark-tts==1.0: `pip` is not installed'),
      mend: expect.stringContaining('flite:slt'),
    })
    expect(await findVoice(context, entry)).toBeNull()
  })
})
