import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Command, Option } from 'commander'
import { connectLive } from '../liveClient.ts'
import { ownClips } from '../speechClips.ts'
import type { ServerReading } from './sessionReading.ts'
import { dialogue, SETTLE_MS, startSessionServer, streamSessions } from './sessionStreams.ts'

/**
 * `npm run bench:sessions`: what live sessions cost the server itself. Sessions stream speech and silence in real time over real
 * sockets into a server in a process of its own whose engines are scripted; its processor time, event-loop delay and memory are
 * its own, without the clients'.
 */

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
  const { url, read, stop } = await startSessionServer(endpointing)
  const stream = (many: number, lastsMs: number, beforeTheEnd?: () => Promise<void>) =>
    streamSessions(() => connectLive(url, { mode: 'hands-free' }), many, lastsMs, sound, beforeTheEnd)
  try {
    // What only the first sessions pay is no cost of a session.
    await stream(2, 6000)
    await sleep(SETTLE_MS)
    const idle = await read()
    line('idle', idle, '')
    for (let round = 1; round <= Number(rounds); round++) {
      let during: ServerReading | null = null
      const streaming = stream(count, Number(seconds) * 1000, async () => {
        during = await read()
      })
      await streaming
      if (during !== null) line(`round ${round}, ${count} sessions`, during, perSession(during, idle, count))
      await sleep(SETTLE_MS)
      line(`  after it`, await read(), '')
    }
  } finally {
    stop()
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
