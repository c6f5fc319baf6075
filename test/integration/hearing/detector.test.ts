import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { createDetector, type Detector } from '../../../server/hearing/endOfTurn/detector.ts'
import { quietLog } from '../../support/quietLog.ts'
import { installVirtualTime } from '../../support/virtualTime.ts'

const never = new AbortController().signal
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const ask = (detector: Detector) => detector.ask(new Int16Array(16_000), never)

test('a detector whose model cannot be had says so once, refuses at once, and is tried again later', async () => {
  const time = installVirtualTime()
  closing.push(time.restore)
  const log = quietLog()
  let tries = 0
  const detector = createDetector(async () => {
    tries++
    throw new Error('no way out')
  }, log)
  await detector.start()
  for (let pause = 0; pause < 5; pause++) {
    await expect(ask(detector)).rejects.toMatchObject({ code: 'engine_unavailable' })
    await time.pass(5000)
  }
  expect(tries).toBe(1)
  await time.pass(10_000)
  await expect(ask(detector)).rejects.toMatchObject({ code: 'engine_unavailable' })
  expect(tries).toBe(2)
  expect(log.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('fixed silence') }])
})

test('a file that is no model ends its thread and nothing else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'detector-'))
  closing.push(() => rm(folder, { recursive: true }))
  const path = join(folder, 'broken.onnx')
  writeFileSync(path, 'no model')
  const log = quietLog()
  const detector = createDetector(async () => path, log)
  closing.push(detector.stop)
  await detector.start()
  await expect(ask(detector)).rejects.toMatchObject({ code: 'engine_unavailable' })
  expect(log.lines.map(({ level }) => level)).toEqual(['warn'])
})
