import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import Value from 'typebox/value'
import { StoredTurn } from '../../../server/protocol/record.ts'

/** Of a request of its own. */
const TEXT = 'It is ten past nine. The next train leaves in a quarter of an hour.'

/** Milliseconds of a request, and of them those of the engine by the turn's row. */
export type Timed = { tookMs: number; engineMs: number }

/** Whole answers of `/v1/audio/transcriptions` beside the recognizer's own time. */
export async function measureTranscriptions(
  url: string,
  directory: string,
  files: readonly string[],
  rounds: number,
): Promise<Timed[]> {
  const clips = await Promise.all(
    files.map(async file => new File([await readFile(join(directory, file))], file)),
  )
  const timed: Timed[] = []
  for (let round = 0; round < rounds; round++) {
    for (const clip of clips) {
      const form = new FormData()
      form.append('model', 'whisper-1')
      form.append('file', clip)
      // The body is made beforehand: what a client does before it sends is no time of the server.
      const { headers, body } = await encoded(form)
      const startedAt = performance.now()
      const answer = await fetch(`${url}/v1/audio/transcriptions`, { method: 'POST', headers, body })
      const text = await answer.text()
      const tookMs = performance.now() - startedAt
      if (!answer.ok) throw new Error(text)
      const { speech } = await rowOf(url, answer)
      if (speech.inferenceMs !== null)
        timed.push({ tookMs, engineMs: speech.inferenceMs + (speech.queueMs ?? 0) })
    }
  }
  return timed
}

/** First bytes of `/v1/audio/speech` beside the voice's own time for its first clause. */
export async function measureSpeech(url: string, format: string, rounds: number): Promise<Timed[]> {
  const timed: Timed[] = []
  for (let round = 0; round < rounds; round++) {
    const body = JSON.stringify({ model: 'tts-1', voice: 'alloy', input: TEXT, response_format: format })
    const headers = { 'content-type': 'application/json' }
    const startedAt = performance.now()
    const answer = await fetch(`${url}/v1/audio/speech`, { method: 'POST', headers, body })
    if (!answer.ok || answer.body === null) throw new Error(await answer.text())
    let tookMs: number | null = null
    for await (const bytes of answer.body) if (bytes.length > 0) tookMs ??= performance.now() - startedAt
    const { timeToFirstAudioMs } = (await rowOf(url, answer)).synthesis
    if (tookMs !== null && timeToFirstAudioMs !== null) timed.push({ tookMs, engineMs: timeToFirstAudioMs })
  }
  return timed
}

async function encoded(form: FormData): Promise<{ headers: Headers; body: ArrayBuffer }> {
  const response = new Response(form)
  return { headers: response.headers, body: await response.arrayBuffer() }
}

async function rowOf(url: string, answer: Response): Promise<StoredTurn> {
  const turnId = answer.headers.get('x-request-id') ?? ''
  const row: unknown = await (await fetch(`${url}/v1/turns/${turnId}`)).json()
  Value.Assert(StoredTurn, row)
  return row
}
