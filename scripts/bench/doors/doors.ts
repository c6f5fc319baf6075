import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Command, Option } from 'commander'
import { createFindSpeech } from '../../../server/hearing/speechSegments.ts'
import { createVoiceActivity } from '../../../server/hearing/voiceActivity.ts'
import { median } from '../../../server/shared/quantiles.ts'
import { startBenchServer } from '../benchServer.ts'
import { connectLive } from '../liveClient.ts'
import {
  dialogue,
  SETTLE_MS,
  type Streaming,
  startSessionServer,
  streamSessions,
} from '../sessions/sessionStreams.ts'
import { MAX_QUESTION_MS, ownClips, readSpeechClips } from '../speechClips.ts'
import { measureFirstTokens } from './firstTokens.ts'
import { connectRealtime } from './realtimeClient.ts'
import { measureSpeech, measureTranscriptions, type Timed } from './requests.ts'

/**
 * `npm run bench:doors`: what OpenAI's doors add to what is behind them, in one run, with the same clips and engines: Realtime beside
 * our own live sessions, the REST routes beside their engines' own time. Processor time is always of a server whose engines are scripted.
 */

const SPEECH_FORMATS = ['mp3', 'opus', 'wav', 'pcm']
/** After as many requests a route takes no longer than it will: its code is compiled. */
const WARM_UPS = 10

type Options = {
  engines: 'scripted' | 'real'
  rounds: string
  sessions: string
  seconds: string
  audio: string
  json?: string
}

await new Command('bench:doors')
  .addOption(
    new Option('--engines <which>', 'scripted, which take always the same time, or those that are set up')
      .choices(['scripted', 'real'])
      .default('scripted'),
  )
  .option('--rounds <n>', 'how often each clip is sent, and sessions come and go', '3')
  .option('--sessions <n>', 'sessions at once', '8')
  .option('--seconds <n>', 'how long they stream', '20')
  .option('--audio <dir>', 'clips with a manifest.json', ownClips)
  .option('--json <file>', 'write all figures here too')
  .action(run)
  .parseAsync()
// The socket of Node keeps the process for as long as the server takes to close it.
process.exit()

async function run({ engines, rounds, sessions, seconds, audio, json }: Options): Promise<void> {
  const directory = resolve(audio)
  const result = {
    engines,
    ...(await measureLatencies(engines, directory, Number(rounds))),
    sessions: await measureSessions(directory, Number(sessions), Number(seconds), Number(rounds)),
  }
  if (json !== undefined) await writeFile(json, `${JSON.stringify(result, null, 2)}\n`)
}

async function measureLatencies(engines: Options['engines'], directory: string, rounds: number) {
  const server = engines === 'real' ? await startBenchServer({}) : await startSessionServer('silence')
  const { url } = server
  try {
    const findSpeech = createFindSpeech(await createVoiceActivity())
    const all = await readSpeechClips(directory, findSpeech, new AbortController().signal)
    const clips = all.filter(({ kind, audioMs }) => kind === 'speech' && audioMs <= MAX_QUESTION_MS)
    const files = clips.map(({ file }) => file)
    // What only the first ones pay is no time of a door.
    await measureFirstTokens(url, clips.slice(0, 1), 1)
    await measureTranscriptions(url, directory, files.slice(0, 1), WARM_UPS)
    for (const format of SPEECH_FORMATS) await measureSpeech(url, format, WARM_UPS)

    const firstTokens = await measureFirstTokens(url, clips, rounds)
    const [ours, realtime] = [firstTokens.map(one => one.oursMs), firstTokens.map(one => one.realtimeMs)]
    say(`first token through /v1/voice, ms from the last voiced sample, p50 of ${ours.length}`, median(ours))
    compared('the same through /v1/realtime', median(realtime) - median(ours), 5)
    const transcriptions = await measureTranscriptions(url, directory, files, rounds)
    added('/v1/audio/transcriptions', transcriptions, 5)
    const speech: Record<string, Timed[]> = {}
    for (const format of SPEECH_FORMATS) {
      const timed = await measureSpeech(url, format, rounds * 5)
      speech[format] = timed
      added(`first byte of /v1/audio/speech, ${format}`, timed, 10)
    }
    return { firstTokens, transcriptions, speech }
  } finally {
    await server.stop()
  }
}

/** Processor milliseconds a second of a server with so many sessions, of either door in turns. */
async function measureSessions(directory: string, count: number, seconds: number, rounds: number) {
  const sound = await dialogue(directory)
  const { url, read, stop } = await startSessionServer('silence')
  const doors: Record<string, () => Promise<Streaming>> = {
    '/v1/voice': () => connectLive(url, { mode: 'hands-free' }),
    '/v1/realtime': () => connectRealtime(url, 500),
  }
  const figures: Record<string, number[]> = {}
  try {
    for (const connect of Object.values(doors)) await streamSessions(connect, 2, 6000, sound)
    for (let round = 0; round < rounds; round++) {
      for (const [name, connect] of Object.entries(doors)) {
        await sleep(SETTLE_MS)
        await read()
        await streamSessions(connect, count, seconds * 1000, sound, async () => {
          const { cpuMs, elapsedMs } = await read()
          const of = figures[name] ?? []
          figures[name] = [...of, (1000 * cpuMs) / elapsedMs]
        })
      }
    }
  } finally {
    stop()
  }
  const [ours = Number.NaN, realtime = Number.NaN] = Object.values(figures).map(median)
  say(`processor time of ${count} sessions of /v1/voice, ms a second`, ours)
  const ratio = realtime / ours
  const verdict = ratio <= 1.5 ? 'met' : 'MISSED'
  process.stdout.write(
    `${'the same through /v1/realtime'.padEnd(78)} ${ratio.toFixed(2)} × (bar 1.5: ${verdict})\n`,
  )
  return figures
}

function added(what: string, timed: readonly Timed[], barMs: number): void {
  say(`${what}: p50 of ${timed.length}`, median(timed.map(({ tookMs }) => tookMs)))
  compared('  beyond its engine', median(timed.map(({ tookMs, engineMs }) => tookMs - engineMs)), barMs)
}

function compared(what: string, ms: number, barMs: number): void {
  const verdict = ms <= barMs ? 'met' : 'MISSED'
  process.stdout.write(`${what.padEnd(78)} ${signed(ms)} (bar +${barMs}: ${verdict})\n`)
}

function say(what: string, ms: number): void {
  process.stdout.write(`${what.padEnd(78)} ${ms.toFixed(1).padStart(7)}\n`)
}

function signed(ms: number): string {
  return `${ms < 0 ? '−' : '+'}${Math.abs(ms).toFixed(1)}`.padStart(7)
}
