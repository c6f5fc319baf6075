import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { createBenchEngines } from './benchEngines.ts'
import { startBenchServer } from './benchServer.ts'
import { benchOverhead } from './overhead.ts'
import { runSpeechBench, type SpeechBenchLevel } from './speech.ts'
import { ownClips } from './speechClips.ts'

/**
 * `npm run bench:turns`: what the server adds to what its engines take, and what the recognizer's window saves and
 * costs. Ratios and differences within one run; absolute times are this machine's.
 */

type Options = { audio: string; speech: string; llm?: string; rounds: string; json?: string; only?: string }

await new Command('bench:turns')
  .option('--audio <dir>', 'clips with a manifest.json', ownClips)
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
  const server = await startBenchServer({ SPEECH_MODEL: speech, ...(llm ? { LLM_MODEL: llm } : {}) })
  return await benchOverhead(server, audio, rounds, print).finally(server.stop)
}

async function windows(
  directory: string,
  names: string[],
  rounds: number,
  print: (line: string) => void,
): Promise<SpeechBenchLevel[]> {
  const { signal } = new AbortController()
  const engines = createBenchEngines(signal)
  try {
    const levels = []
    for (const name of names) levels.push(await engines.level(name))
    return await runSpeechBench({ directory, levels, rounds, acquire: engines.acquire, signal, print })
  } finally {
    await engines.stop()
  }
}
