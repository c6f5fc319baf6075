import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import pino from 'pino'
import { loadConfig } from '../../server/config.ts'
import { createLocalSpeechEngines } from '../../server/engines/whisper/whisperServers.ts'
import { ensureSpeechModel, ensureWhisper, type SetupContext } from '../../server/setup/index.ts'
import { createProgressView } from '../commands/progressView.ts'
import { startBenchServer } from './benchServer.ts'
import { benchOverhead } from './overhead.ts'
import { runSpeechBench, type SpeechBenchLevel } from './speech.ts'

/**
 * `npm run bench:turns`: what the server adds to what its engines take, and what the recognizer's window saves and
 * costs. Ratios and differences within one run; absolute times are this machine's.
 */

const fixtures = resolve(import.meta.dirname, '../../test/fixtures/speech')

type Options = { audio: string; speech: string; llm?: string; rounds: string; json?: string; only?: string }

await new Command('bench:turns')
  .option('--audio <dir>', 'clips with a manifest.json', fixtures)
  .option(
    '--speech <levels>',
    'speech model levels, comma-separated; turns use the first',
    'whisper-tiny.en-q8_0',
  )
  .option('--llm <tag>', 'Ollama tag of the turns')
  .option('--rounds <n>', 'how often each clip is run', '3')
  .option('--only <part>', 'overhead or window')
  .option('--json <file>', 'write all figures here too')
  .action(run)
  .parseAsync()

async function run({ audio, speech, llm, rounds, json, only }: Options): Promise<void> {
  const levels = speech.split(',')
  const print = (line: string) => process.stdout.write(`${line}\n`)
  const result: Record<string, unknown> = {}
  if (only !== 'window') {
    print('## Overhead: wall time of a turn minus what the engines report for that same turn\n')
    result.overhead = await overhead(resolve(audio), levels[0] ?? '', llm, Number(rounds), print)
  }
  if (only !== 'overhead') {
    print('\n## Window: each clip with the full 30 s window against ours, in alternating order\n')
    result.window = await windows(resolve(audio), levels, Number(rounds), print)
  }
  if (json !== undefined) await writeFile(json, `${JSON.stringify(result, null, 2)}\n`)
}

async function overhead(
  audio: string,
  speech: string,
  llm: string | undefined,
  rounds: number,
  print: (line: string) => void,
) {
  const dataDir = await mkdtemp(join(tmpdir(), 'quantvox-bench-'))
  const server = await startBenchServer({
    DATA_DIR: dataDir,
    SPEECH_MODEL: speech,
    ...(llm ? { LLM_MODEL: llm } : {}),
  })
  try {
    return await benchOverhead(server, audio, rounds, print)
  } finally {
    await server.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function windows(
  directory: string,
  names: string[],
  rounds: number,
  print: (line: string) => void,
): Promise<SpeechBenchLevel[]> {
  const { signal } = new AbortController()
  const view = createProgressView()
  const context: SetupContext = {
    cacheDir: loadConfig().config.CACHE_DIR,
    onProgress: view.onProgress,
    signal,
  }
  const engines = createLocalSpeechEngines({
    programs: () => ensureWhisper(context),
    threads: availableParallelism(),
    maxLoaded: 1,
    log: pino({ level: 'silent' }),
  })
  try {
    const levels = []
    for (const name of names) levels.push(await ensureSpeechModel(name, context))
    view.done()
    const acquire = (level: { name: string; path: string }) => engines.acquire(level, 'bench', signal)
    return await runSpeechBench({ directory, levels, rounds, acquire, signal, print })
  } finally {
    await engines.stop()
  }
}
