import { resolve } from 'node:path'
import type { Command } from 'commander'
import { loadConfig } from '../../../server/config.ts'
import { writePrivately } from '../../../server/files/privateFiles.ts'
import type { ComparisonRequest } from '../../../server/protocol/comparisons.ts'
import { bytes, milliseconds, namesIn, positiveNumber, wholeNumber } from '../quantities.ts'
import { serverForCommand } from '../server.ts'
import { againstEarlier } from './compareAgainst.ts'
import { comparisonClient } from './compareClient.ts'
import { createCompareProgress } from './compareProgress.ts'
import { comparisonSummary } from './compareSummary.ts'

type CompareOptions = {
  speech?: string[]
  llm?: string[]
  voices?: string[]
  pairs: boolean
  audio?: string
  rounds?: number
  budget?: number
  maxMemory?: number
  maxFirstToken?: number
  maxWerIncrease?: number
  resume?: string
  against?: string
  json?: boolean | string
  html?: string
  md?: string
  csv?: string
}

const help = `
A name without its level means all its levels that are here or can be made of what is; nothing is fetched. Without --speech, --llm and --voices, the
levels of the server's default models and its voice are compared.

--audio takes the project's own clips (builtin), sentences spoken by flite (synthetic), turns that were saved with SAVE_AUDIO (saved), sentences
that you read aloud on the page (mine), or a directory on the server's machine with a manifest.json, a list of {"file": "a.wav", "text": "what is said in it"}, or a manifest.tsv with
file, tab, text in each line. An empty text is a clip without speech. A server that runs already reads only below AUDIO_DIRS.

Ctrl-C cancels; what was observed is kept and reported. --resume goes on with a run that was interrupted or cancelled.

Exit codes: 0 done, 1 failed, cancelled, or worse than --against, 2 wrong usage.`

/** `quantvox compare`: which quantization to run on this machine; by a running server or one started for the call. */
export function addCompare(program: Command, signal: AbortSignal): void {
  program
    .command('compare')
    .description(
      'compare quantization levels of speech models and language models, and voices, on this machine',
    )
    .option('--speech <names>', 'speech models or levels, comma-separated', namesIn)
    .option('--llm <names>', 'Ollama tags, or what several of them begin with, comma-separated', namesIn)
    .option(
      '--voices <names...>',
      'voices, the first as what the others are held against',
      (text, before: string[] | undefined) => [...(before ?? []), ...namesIn(text)],
    )
    .option('--no-pairs', 'no whole spoken turns')
    .option(
      '--audio <set>',
      'builtin, synthetic, saved, mine, or a directory with a manifest; default: builtin',
    )
    .option('--rounds <n>', 'rounds over everything, at most; default: 3', wholeNumber)
    .option('--budget <time>', 'end by then and say what was cut, for instance 5m', milliseconds)
    .option('--max-memory <size>', 'recommend nothing that takes more, for instance 1GB', bytes)
    .option('--max-first-token <time>', 'nothing slower from speech end to first token', milliseconds)
    .option('--max-wer-increase <points>', 'nothing that mishears more words, in points', positiveNumber)
    .option('--resume <id>', 'go on with a run that broke off')
    .option('--against <run>', 'an earlier run, by its id or a file of its JSON; exit 1 where it was better')
    .option('--json [file]', 'the result as JSON, printed or written')
    .option('--html <file>', 'write the report with its charts')
    .option('--md <file>', 'write the report as Markdown')
    .option('--csv <file>', 'write the figures, one a line')
    .addHelpText('after', help)
    .action((options: CompareOptions) => compare(options, signal))
}

async function compare(options: CompareOptions, signal: AbortSignal): Promise<void> {
  const giveUp = new AbortController()
  const stopWaiting = () => giveUp.abort(signal.reason)
  signal.addEventListener('abort', stopWaiting, { once: true })
  const { config } = loadConfig()
  const audio = options.audio === undefined ? undefined : audioOf(options.audio)
  // One that is started for this call may read what its user names; one that runs already, what its operator named.
  const AUDIO_DIRS = typeof audio === 'object' ? [...config.AUDIO_DIRS, audio.directory] : config.AUDIO_DIRS
  const server = await serverForCommand({ ...config, AUDIO_DIRS }, giveUp.signal)
  try {
    const client = comparisonClient(server.request)
    const earlier = options.against === undefined ? null : await againstEarlier(options.against, client)
    const { id } =
      options.resume === undefined
        ? await client.start(requestOf(options))
        : await client.resume(options.resume)
    // From here on Ctrl-C is for the run: it ends with what it has, and so does this.
    signal.removeEventListener('abort', stopWaiting)
    const cancel = () => void client.cancel(id).catch(giveUp.abort.bind(giveUp))
    if (signal.aborted) cancel()
    signal.addEventListener('abort', cancel, { once: true })

    const progress = createCompareProgress(process.stderr, id)
    const state = await client.follow(id, progress.show).finally(progress.done)
    for (const format of ['html', 'md', 'csv'] as const) {
      const file = options[format]
      if (file !== undefined) await writePrivately(file, await client.report(id, format))
    }
    const result = await client.result(id)
    const json = `${JSON.stringify(result, null, 2)}\n`
    if (typeof options.json === 'string') await writePrivately(options.json, json)
    process.stdout.write(options.json === true ? json : await client.report(id, 'md'))
    process.stderr.write(`\n${comparisonSummary(result)}\n`)
    if (state !== 'done') {
      process.stderr.write(
        `quantvox: the comparison was ${state}; "quantvox compare --resume ${id}" goes on with it.\n`,
      )
      process.exitCode = 1
    }
    if (earlier !== null) {
      const { regressed, text } = earlier(result)
      process.stderr.write(`${text}\n`)
      if (regressed) process.exitCode = 1
    }
  } finally {
    await server.stop()
  }
}

function requestOf(options: CompareOptions): ComparisonRequest {
  const { speech, llm, voices, pairs, audio, rounds, budget, maxMemory, maxFirstToken, maxWerIncrease } =
    options
  const limits = {
    ...(maxMemory === undefined ? {} : { memoryBytes: Math.floor(maxMemory) }),
    ...(maxFirstToken === undefined ? {} : { firstTokenMs: maxFirstToken }),
    ...(maxWerIncrease === undefined ? {} : { wordErrorRateIncrease: maxWerIncrease }),
  }
  return {
    ...(speech === undefined ? {} : { speechModels: speech }),
    ...(llm === undefined ? {} : { llmModels: llm }),
    ...(voices === undefined ? {} : { voices }),
    ...(pairs ? {} : { pairs }),
    ...(audio === undefined ? {} : { audio: audioOf(audio) }),
    ...(rounds === undefined ? {} : { rounds }),
    ...(budget === undefined ? {} : { budgetSeconds: Math.max(1, Math.round(budget / 1000)) }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  }
}

function audioOf(text: string): NonNullable<ComparisonRequest['audio']> {
  if (text === 'builtin' || text === 'synthetic' || text === 'saved' || text === 'mine') return text
  return { directory: resolve(text) }
}
