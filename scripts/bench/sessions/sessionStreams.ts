import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Value from 'typebox/value'
import { joinSamples, samplesIn } from '../../../server/audio/pcm.ts'
import { createFindSpeech } from '../../../server/hearing/speechSegments.ts'
import { createVoiceActivity } from '../../../server/hearing/voiceActivity.ts'
import { readSpeechClips } from '../speechClips.ts'
import { ServerReading } from './sessionReading.ts'

/** What the allocator gives back, it gives back after a while. */
export const SETTLE_MS = 2000

/** A server with scripted engines in a process of its own, which tells what it costs. @param endpointing what ends turns */
export async function startSessionServer(endpointing: string) {
  const server = fork(join(import.meta.dirname, 'sessionServer.ts'), [endpointing], {
    execArgv: ['--expose-gc', '--max-semi-space-size=2'],
  })
  const [url] = (await once(server, 'message')) as [string]
  return {
    url,
    /** Since the last time. */
    async read(): Promise<ServerReading> {
      server.send('read')
      const [reading] = (await once(server, 'message')) as [unknown]
      Value.Assert(ServerReading, reading)
      return reading
    },
    stop: () => server.disconnect(),
  }
}

/** Who sends sound (mono, 16 kHz) in real time, and then silence until `until` settles. */
export type Streaming = { play(samples: Int16Array, until: Promise<unknown>): Promise<void>; close(): void }

/** All sessions at once, each begins elsewhere in the sound; `beforeTheEnd` while all of them are still there. */
export async function streamSessions(
  connect: () => Promise<Streaming>,
  count: number,
  lastsMs: number,
  sound: Int16Array,
  beforeTheEnd: () => Promise<void> = async () => {},
): Promise<void> {
  const clients = await Promise.all(Array.from({ length: count }, connect))
  await Promise.all(
    clients.map(async (client, index) => {
      const from = Math.floor((sound.length / count) * index)
      const turned = joinSamples([sound.subarray(from), sound.subarray(0, from)])
      await client.play(turned, sleep(lastsMs))
    }),
  )
  await beforeTheEnd()
  for (const client of clients) client.close()
}

/** The clips of a folder with 2 s of silence after each: about as much speech as silence. */
export async function dialogue(directory: string): Promise<Int16Array> {
  const findSpeech = createFindSpeech(await createVoiceActivity())
  const clips = await readSpeechClips(directory, findSpeech, new AbortController().signal)
  const pause = new Int16Array(samplesIn(2000))
  return joinSamples(clips.flatMap(({ samples }) => [samples, pause]))
}
