import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeWithFfmpeg } from '../../../server/audio/ffmpeg.ts'
import { chunked } from '../../support/wavBytes.ts'

/** Stands in for ffmpeg: a program that gets the input on stdin and gives s16le on stdout. */
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quantvox-ffmpeg-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function program(name: string, body: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, `#!${process.execPath}\n${body}\n`)
  await chmod(path, 0o755)
  return path
}

const limits = { maxBytes: 10_000, maxSeconds: 2 }
const { signal } = new AbortController()
const input = () => chunked(Buffer.alloc(4000, 1), 1000)

test('what it writes comes out as samples, odd chunks included', async () => {
  const path = await program(
    'good',
    `process.stdin.resume().on('end', () => {
       const audio = Buffer.alloc(3200); for (let i = 0; i < 1600; i++) audio.writeInt16LE(i, i * 2)
       process.stdout.write(audio.subarray(0, 1001)); setTimeout(() => process.stdout.write(audio.subarray(1001)), 50)
     })`,
  )
  const { samples, durationMs } = await decodeWithFfmpeg(path, input(), 'mp3', limits, signal)
  expect(samples).toEqual(Int16Array.from({ length: 1600 }, (_, index) => index))
  expect(durationMs).toBe(100)
})

test('what it complains of is in the error', async () => {
  const path = await program('broken', `console.error('moov atom not found'); process.exit(1)`)
  await expect(decodeWithFfmpeg(path, input(), 'mp4', limits, signal)).rejects.toMatchObject({
    code: 'audio_invalid',
    message: expect.stringContaining('moov atom not found'),
  })
})

test('no sound in the file is an invalid file', async () => {
  const path = await program('silent', `process.stdin.resume()`)
  await expect(decodeWithFfmpeg(path, input(), 'mp4', limits, signal)).rejects.toMatchObject({
    code: 'audio_invalid',
  })
})

const endless = (pidFile: string) =>
  `require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid))
   process.stdin.resume(); const more = () => process.stdout.write(Buffer.alloc(32000), more); more()`

async function isGone(pidFile: string): Promise<boolean> {
  const pid = Number(await readFile(pidFile, 'utf8'))
  for (let tries = 0; tries < 100; tries++) {
    try {
      process.kill(pid, 0)
    } catch {
      return true
    }
    await wait(20)
  }
  return false
}

test('more seconds than allowed end it, and the program', async () => {
  const pidFile = join(folder, 'pid-endless')
  const path = await program('endless', endless(pidFile))
  await expect(decodeWithFfmpeg(path, input(), 'ogg', limits, signal)).rejects.toMatchObject({
    code: 'too_large',
  })
  expect(await isGone(pidFile)).toBe(true)
})

test('more bytes than allowed end it while they come in', async () => {
  const path = await program('reader', `process.stdin.resume()`)
  let sent = 0
  async function* tooMuch() {
    for (;;) {
      sent += 1000
      yield Buffer.alloc(1000)
    }
  }
  await expect(decodeWithFfmpeg(path, tooMuch(), 'ogg', limits, signal)).rejects.toMatchObject({
    code: 'too_large',
  })
  expect(sent).toBeLessThanOrEqual(12_000)
})

test('an abort ends it with the reason of the signal, and kills the program', async () => {
  const pidFile = join(folder, 'pid-hanging')
  const path = await program(
    'hanging',
    `require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); setInterval(() => {}, 1000)`,
  )
  const controller = new AbortController()
  const decoding = decodeWithFfmpeg(path, input(), 'ogg', limits, controller.signal)
  decoding.catch(() => {})
  await expect.poll(() => readFile(pidFile, 'utf8').catch(() => ''), { timeout: 10_000 }).not.toBe('')
  controller.abort(new Error('gone'))
  await expect(decoding).rejects.toThrow('gone')
  expect(await isGone(pidFile)).toBe(true)
})
