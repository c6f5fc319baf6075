import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Command, Option } from 'commander'
import Value from 'typebox/value'
import { joinSamples, samplesIn } from '../../server/audio/pcm.ts'
import { createFindSpeech } from '../../server/hearing/speechSegments.ts'
import { createVoiceActivity } from '../../server/hearing/voiceActivity.ts'
import { connectLive } from './liveClient.ts'
import { ServerReading } from './sessionReading.ts'
import { ownClips, readSpeechClips } from './speechClips.ts'

/**
 * `npm run bench:sessions`: what live sessions cost the server itself. Sessions stream speech and silence in real time over real
 * sockets into a server in a process of its own whose engines are scripted; its processor time, event-loop delay and memory are
 * its own, without the clients'.
 */

/** What the allocator gives back, it gives back after a while. */
const SETTLE_MS = 2000
const MB = 1e6

type Options = { sessions: string; seconds: string; rounds: string; audio: string; endpointing: string }

await new Command('bench:sessions')
  .option('--sessions <n>', 'sessions at once', '8')
  .option('--seconds <n>', 'how long each round streams', '20')
  .option('--rounds <n>', 'how often all sessions come and go', '3')
  .option('--audio <dir>', 'clips with a manifest.json', ownClips)
  .addOption(
    new Option('--endpointing <how>', 'what ends turns').choices(['learned', 'silence']).default('learned'),
  )
  .action(run)
  .parseAsync()
process.exit()

async function run({ sessions, seconds, rounds, audio, endpointing }: Options): Promise<void> {
  const count = Number(sessions)
  const sound = await dialogue(resolve(audio))
  const server = fork(join(import.meta.dirname, 'sessionServer.ts'), [endpointing], {
    execArgv: ['--expose-gc', '--max-semi-space-size=2'],
  })
  const [url] = (await once(server, 'message')) as [string]
  const read = async () => {
    server.send('read')
    const [reading] = (await once(server, 'message')) as [unknown]
    Value.Assert(ServerReading, reading)
    return reading
  }
  try {
    // What only the first sessions pay is no cost of a session.
    await stream(url, 2, 6000, sound)
    await sleep(SETTLE_MS)
    const idle = await read()
    line('idle', idle, '')
    for (let round = 1; round <= Number(rounds); round++) {
      let during: ServerReading | null = null
      const streaming = stream(url, count, Number(seconds) * 1000, sound, async () => {
        during = await read()
      })
      await streaming
      if (during !== null) line(`round ${round}, ${count} sessions`, during, perSession(during, idle, count))
      await sleep(SETTLE_MS)
      line(`  after it`, await read(), '')
    }
  } finally {
    server.disconnect()
  }
}

function perSession(during: ServerReading, idle: ServerReading, count: number): string {
  return `${((during.residentBytes - idle.residentBytes) / MB / count).toFixed(2)} MB a session`
}

function line(
  name: string,
  { elapsedMs, cpuMs, loopDelayP99Ms, residentBytes }: ServerReading,
  more: string,
) {
  const figures = [
    `${((100 * cpuMs) / elapsedMs).toFixed(1)} % of a core`,
    `event-loop delay p99 ${loopDelayP99Ms.toFixed(1)} ms`,
    `${(residentBytes / MB).toFixed(1)} MB resident`,
    more,
  ]
  process.stdout.write(`${name.padEnd(24)} ${figures.filter(Boolean).join(', ')}\n`)
}

/** All sessions at once, each begins elsewhere in the sound; `beforeTheEnd` while all of them are still there. */
async function stream(
  url: string,
  count: number,
  lastsMs: number,
  sound: Int16Array,
  beforeTheEnd: () => Promise<void> = async () => {},
): Promise<void> {
  const clients = await Promise.all(
    Array.from({ length: count }, () => connectLive(url, { mode: 'hands-free' })),
  )
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
async function dialogue(directory: string): Promise<Int16Array> {
  const findSpeech = createFindSpeech(await createVoiceActivity())
  const clips = await readSpeechClips(directory, findSpeech, new AbortController().signal)
  const pause = new Int16Array(samplesIn(2000))
  return joinSamples(clips.flatMap(({ samples }) => [samples, pause]))
}
