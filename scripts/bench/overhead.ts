import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import Type from 'typebox'
import Value from 'typebox/value'
import { ServerInfo } from '../../server/protocol/info.ts'
import type { TurnRecord } from '../../server/protocol/record.ts'
import type { FieldStatistics } from '../../server/protocol/turnQueries.ts'
import { TurnAnswer } from '../../server/protocol/turns.ts'
import { describe } from '../../server/record/statistics.ts'
import type { BenchServer } from './benchServer.ts'
import { MAX_QUESTION_MS } from './speechClips.ts'

const Manifest = Type.Array(
  Type.Object({ file: Type.String(), kind: Type.String(), durationSeconds: Type.Number() }),
)

/**
 * Sends every spoken clip of up to 6 s as a turn of its own conversation, `rounds` times, one at a time. No two prompts
 * in a row are the same, so that Ollama's prompt cache holds the system prompt and nothing else of them.
 */
export async function benchOverhead(
  server: BenchServer,
  directory: string,
  rounds: number,
  print: (line: string) => void,
) {
  const manifest: unknown = JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8'))
  Value.Assert(Manifest, manifest)
  const clips = manifest.filter(
    ({ kind, durationSeconds }) => kind === 'speech' && durationSeconds * 1000 <= MAX_QUESTION_MS,
  )
  const questions = await Promise.all(
    clips.map(async ({ file }) => asForm(new File([await readFile(join(directory, file))], file))),
  )
  for (const question of questions.slice(0, 2)) await turn(server.url, question)
  const overheads: number[] = []
  const walls: number[] = []
  for (let round = 0; round < rounds; round++) {
    for (const question of questions) {
      const { wallMs, record } = await turn(server.url, question)
      if (record.outcome !== 'completed') continue
      walls.push(wallMs)
      overheads.push(wallMs - enginesMs(record))
    }
  }
  const info: unknown = await (await fetch(`${server.url}/v1/info`)).json()
  Value.Assert(ServerInfo, info)
  const ascending = (values: number[]) => values.toSorted((a, b) => a - b)
  const result = {
    turns: overheads.length,
    overheadMs: describe(ascending(overheads)),
    wallMs: describe(ascending(walls)),
    serverResidentBytes: info.process.residentBytes,
    eventLoopDelayP99Ms: info.process.eventLoopDelayP99Ms,
  }
  const line = (name: string, { p50, p95, min, max }: FieldStatistics) =>
    print(`${name.padEnd(22)} p50 ${ms(p50)}  p95 ${ms(p95)}  min ${ms(min)}  max ${ms(max)}`)
  print(
    `${result.turns} turns of ${questions.length} clips, ${info.defaults.speechModel} and ${info.defaults.llmModel}, not spoken`,
  )
  line('overhead', result.overheadMs)
  line('wall time of a turn', result.wallMs)
  print(
    `server process         ${(result.serverResidentBytes / 1e6).toFixed(0)} MB resident, event loop delay p99 ${ms(result.eventLoopDelayP99Ms)}`,
  )
  return result
}

/** Whisper-server's requests, and Ollama's own total: load, prompt evaluation, generation and what it spent beside. */
function enginesMs({ speech, llm }: TurnRecord): number {
  const parts = [speech.inferenceMs, llm.loadMs, llm.promptEvalMs, llm.evalMs, llm.residualMs]
  return parts.reduce((sum: number, part) => sum + (part ?? 0), 0)
}

type Question = { headers: Headers; body: ArrayBuffer }

/** The request's body made beforehand: what a client does before it sends is no overhead of the server. */
async function asForm(file: File): Promise<Question> {
  const form = new FormData()
  form.append('voice', 'none')
  form.append('audio', file)
  const encoded = new Response(form)
  return { headers: encoded.headers, body: await encoded.arrayBuffer() }
}

async function turn(url: string, question: Question): Promise<{ wallMs: number; record: TurnRecord }> {
  const startedAt = performance.now()
  const text = await (await fetch(`${url}/v1/turns`, { method: 'POST', ...question })).text()
  const wallMs = performance.now() - startedAt
  const answer: unknown = JSON.parse(text)
  if (!Value.Check(TurnAnswer, answer)) throw new Error(`no turn came back: ${text}`)
  return { wallMs, record: answer.timings }
}

function ms(value: number | null): string {
  return value === null ? '–'.padStart(9) : `${value.toFixed(1).padStart(6)} ms`
}
