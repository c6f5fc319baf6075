import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readClip } from '../../server/audio/readClip.ts'
import { createDetector, type Detector } from '../../server/hearing/endOfTurn/detector.ts'
import { realEndOfTurn } from '../support/engines/realEngines.ts'
import { quietLog } from '../support/quietLog.ts'

const never = new AbortController().signal
const log = quietLog()
let detector: Detector
beforeAll(async () => {
  detector = createDetector(realEndOfTurn, log)
  await detector.start()
}, 900_000)
afterAll(() => detector?.stop())

async function samplesOf(name: string): Promise<Int16Array> {
  const path = join(import.meta.dirname, '../fixtures/speech', `${name}.wav`)
  return (await readClip(path, 60, never)).samples
}

/** As Smart Turn v3.2 gives them in Python with the features of test/fixtures/endOfTurn/features.py. */
test.each([
  ['assistant-grapefruit', 0.9486],
  ['azure-katie-steve-1', 0.9719],
  ['azure-weather', 0.0992],
  ['jfk-inaugural', 0.8548],
  ['order-1e0e6369', 0.9893],
])('the end of %s sounds like one by %f', async (name, expected) => {
  const { probability, inferenceMs } = await detector.ask(await samplesOf(name), never)
  expect(probability).toBeCloseTo(expected, 2)
  expect(inferenceMs).toBeGreaterThan(1)
})

test('a question that is cut off sounds less like an end than the whole', async () => {
  const whole = await samplesOf('assistant-grapefruit')
  const cut = await detector.ask(whole.subarray(0, Math.round(whole.length * 0.55)), never)
  expect(cut.probability).toBeLessThan((await detector.ask(whole, never)).probability)
})

test('several at once are each answered, and who left is not waited for', async () => {
  const samples = await samplesOf('azure-weather')
  const left = new Error('left')
  const leaver = new AbortController()
  const asked = [never, leaver.signal, never].map(
    async signal => (await detector.ask(samples, signal)).probability,
  )
  leaver.abort(left)
  const [one, gone, other] = await Promise.allSettled(asked)
  expect(gone).toEqual({ status: 'rejected', reason: left })
  expect(one).toEqual(other)
})

test('one that was stopped answers no more, and nothing was wrong with it', async () => {
  const stopped = createDetector(realEndOfTurn, log)
  await stopped.start()
  await stopped.stop()
  await expect(stopped.ask(new Int16Array(1000), never)).rejects.toMatchObject({ code: 'engine_unavailable' })
  expect(log.lines).toEqual([])
})
