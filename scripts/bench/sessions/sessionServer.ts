import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createDetector } from '../../../server/hearing/endOfTurn/detector.ts'
import { createFindSpeech } from '../../../server/hearing/speechSegments.ts'
import { createVoiceActivity } from '../../../server/hearing/voiceActivity.ts'
import { realEndOfTurn } from '../../../test/support/engines/realEngines.ts'
import { quietLog } from '../../../test/support/quietLog.ts'
import { createTestApp } from '../../../test/support/testApp.ts'
import type { ServerReading } from './sessionReading.ts'

/**
 * The server that `bench:sessions` measures: all of it but the engines, which are scripted, with the real voice activity and, where
 * turns end by what is learned, the real detector. Its argument is `learned` or `silence`. Sends its URL to its parent, then a reading
 * for each message it gets. Needs `--expose-gc`.
 */

const RESOLUTION_MS = 10

const [ENDPOINTING = 'learned'] = process.argv.slice(2)
const activity = await createVoiceActivity()
const detector = createDetector(realEndOfTurn, quietLog())
if (ENDPOINTING === 'learned') await detector.start()
const nothingLoaded = async () => ({ speech: [], language: [] })
const { app, stages } = await createTestApp({
  settings: { LOG_LEVEL: 'silent', ENDPOINTING },
  script: { recognizeMs: 200, firstTokenMs: 80, tokenMs: 10 },
  dependencies: { live: { activity, detector, loadedModels: nothingLoaded } },
})
// Clips are listened to as ever.
stages.findSpeech = createFindSpeech(activity)
// Timers of the scripted recognizer fire late, which is no time of a door.
const { recognizer } = stages
stages.recognizer = {
  ...recognizer,
  open(options) {
    const recognition = recognizer.open(options)
    return {
      ...recognition,
      async finish(speech, signal) {
        const startedAt = performance.now()
        const transcript = await recognition.finish(speech, signal)
        return { ...transcript, inferenceMs: performance.now() - startedAt }
      },
    }
  },
}
const url = await app.listen({ host: '127.0.0.1', port: 0 })
const loopDelay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
loopDelay.enable()
let since = { cpu: process.cpuUsage(), at: performance.now() }

process.on('message', () => {
  const { user, system } = process.cpuUsage(since.cpu)
  const reading: ServerReading = {
    elapsedMs: performance.now() - since.at,
    cpuMs: (user + system) / 1000,
    loopDelayP99Ms: Math.max(0, loopDelay.percentile(99) / 1e6 - RESOLUTION_MS),
    residentBytes: 0,
  }
  globalThis.gc?.()
  reading.residentBytes = process.memoryUsage.rss()
  process.send?.(reading)
  since = { cpu: process.cpuUsage(), at: performance.now() }
  loopDelay.reset()
})
process.on('disconnect', () => process.exit())
process.send?.(url)
