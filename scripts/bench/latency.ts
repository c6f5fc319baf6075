import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Command } from 'commander'
import pino from 'pino'
import Value from 'typebox/value'
import { createFlite } from '../../server/engines/flite/flite.ts'
import { createFindSpeech } from '../../server/hearing/speechSegments.ts'
import { createVoiceActivity } from '../../server/hearing/voiceActivity.ts'
import { ServerInfo } from '../../server/protocol/info.ts'
import type { FieldStatistics } from '../../server/protocol/turnQueries.ts'
import { fliteVoices } from '../../server/voice/flite/flite.ts'
import { createBenchEngines } from './benchEngines.ts'
import { startBenchServer } from './benchServer.ts'
import { type LatencyClip, type LatencyFigures, measureLatency } from './latency/turns.ts'
import { connectLive } from './liveClient.ts'
import { MAX_QUESTION_MS, ownClips, readSpeechClips } from './speechClips.ts'

/**
 * `npm run bench:latency`: plays clips in real time over a real socket into a running server, hands-free, and prints what comes
 * how long after the last voiced sample, beside the floors of the engines measured in the same run.
 */

type Options = {
  audio: string
  speech: string
  llm?: string
  rounds: string
  silence: string
  voice: string
  json?: string
}

await new Command('bench:latency')
  .option('--audio <dir>', 'clips with a manifest.json', ownClips)
  .option('--speech <levels>', 'speech model levels, comma-separated', 'whisper-tiny.en-q8_0')
  .option('--llm <tags>', 'Ollama tags, comma-separated; default: the server default')
  .option('--rounds <n>', 'how often each clip is asked', '3')
  .option('--silence <ms>', 'silence that ends a turn', '500')
  .option('--voice <name>', 'voice of the replies', 'flite:slt')
  .option('--json <file>', 'write all figures here too')
  .action(run)
  .parseAsync()
// The socket of Node keeps the process for as long as the server takes to close it.
process.exit()

async function run({ audio, speech, llm, rounds, silence, voice, json }: Options): Promise<void> {
  const { signal } = new AbortController()
  const levels = speech.split(',')
  const engines = createBenchEngines(signal)
  const flite = createFlite({ log: pino({ level: 'silent' }) })
  const server = await startBenchServer({ SPEECH_MODEL: levels[0] ?? '' })
  const fliteFor = (voice: string) => (fliteVoices.has(voice) ? { engine: flite, voice } : null)
  try {
    const info: unknown = await (await fetch(`${server.url}/v1/info`)).json()
    Value.Assert(ServerInfo, info)
    const tags = llm?.split(',') ?? [info.defaults.llmModel ?? '']
    const clips = await questions(resolve(audio), signal)
    const results: LatencyFigures[] = []
    for (const level of levels) {
      const model = await engines.level(level)
      for (const tag of tags) {
        const endpointing = { mode: 'silence' as const, silenceMs: Number(silence) }
        const client = await connectLive(server.url, { mode: 'hands-free', voice, endpointing })
        const configured = client.next('configured')
        client.send({ type: 'configure', requestId: 'models', llmModel: tag, speechModel: level })
        await configured
        const lease = await engines.acquire(model)
        const { numCtx } = info.defaults
        const common = {
          client,
          speech: level,
          llm: tag,
          numCtx,
          engine: lease,
          flite: fliteFor(voice),
          signal,
        }
        // What only the first turn pays (voice, caches) is no latency of a turn.
        await measureLatency({ ...common, clips: clips.slice(0, 2), rounds: 1 })
        const figures = await measureLatency({ ...common, clips, rounds: Number(rounds) })
        lease.release()
        client.close()
        results.push(figures)
        print(figures, Number(silence))
      }
    }
    if (json !== undefined) await writeFile(json, `${JSON.stringify(results, null, 2)}\n`)
  } finally {
    await server.stop()
    await engines.stop()
    await flite.stop()
  }
}

async function questions(directory: string, signal: AbortSignal): Promise<LatencyClip[]> {
  const findSpeech = createFindSpeech(await createVoiceActivity())
  const clips = await readSpeechClips(directory, findSpeech, signal)
  return clips.filter(({ kind, audioMs }) => kind === 'speech' && audioMs <= MAX_QUESTION_MS)
}

function print(figures: LatencyFigures, silenceMs: number): void {
  const { speech, llm, turns, leftOut, fromSpeechEnd } = figures
  const line = (name: string, { n, p50, min, max }: FieldStatistics) =>
    n > 0 && process.stdout.write(`${name.padEnd(34)} ${ms(p50)} ${ms(min)} ${ms(max)}\n`)
  const left = leftOut > 0 ? `, ${leftOut} left out (no reply)` : ''
  process.stdout.write(`\n${speech} and ${llm}, silence ${silenceMs} ms: ${turns} turns${left}\n`)
  process.stdout.write(
    `${'ms from the last voiced sample'.padEnd(34)} ${'p50'.padStart(8)} ${'min'.padStart(8)} ${'max'.padStart(8)}\n`,
  )
  for (const [name, statistics] of Object.entries(fromSpeechEnd)) line(name, statistics)
  line('decoding in the turn', figures.inferenceMs)
  line('  floor: straight to whisper-server', figures.speechFloorMs)
  line('time to first token in the turn', figures.timeToFirstTokenMs)
  line('  floor: straight to Ollama', figures.languageFloorMs)
  line('overhead against that floor', figures.overheadMs)
  line('the server itself', figures.ownMs)
  line('first clause to its first audio', figures.voiceMs)
  line('  floor: the clause straight to flite', figures.voiceFloorMs)
  line('overhead against that floor', figures.voiceOverheadMs)
}

function ms(value: number | null): string {
  return (value === null ? '–' : value.toFixed(1)).padStart(8)
}
