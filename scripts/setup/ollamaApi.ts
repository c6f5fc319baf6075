import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import Type, { type Static } from 'typebox'
import { Check } from 'typebox/value'
import { QuantvoxError } from '../../server/errors.ts'

/** The few calls of Ollama's HTTP API that setup needs (Ollama's `docs/api.md`). */

const Tags = Type.Object({ models: Type.Array(Type.Object({ name: Type.String() })) })
const ErrorBody = Type.Object({ error: Type.String() })
const Step = Type.Object({
  status: Type.Optional(Type.String()),
  error: Type.Optional(Type.String()),
  completed: Type.Optional(Type.Number()),
  total: Type.Optional(Type.Number()),
})
export type Step = Static<typeof Step>

/** Ollama refused or could not do it; the message is its own. */
export class OllamaRefusal extends Error {}

/** Tags that are installed. Throws `engine_unavailable` when nothing answers there. */
export async function installedTags(ollamaUrl: string, signal: AbortSignal): Promise<string[]> {
  const body: unknown = await (await call(ollamaUrl, '/api/tags', { signal })).json()
  if (!Check(Tags, body)) throw garbage(ollamaUrl)
  return body.models.map(model => model.name)
}

/** True where Ollama has the blob. */
export async function hasBlob(ollamaUrl: string, sha256: string, signal: AbortSignal): Promise<boolean> {
  const response = await reach(ollamaUrl, `/api/blobs/sha256:${sha256}`, { method: 'HEAD', signal })
  return response.ok
}

export async function uploadBlob(
  ollamaUrl: string,
  sha256: string,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  const body = Readable.toWeb(createReadStream(path)) as ReadableStream
  await call(ollamaUrl, `/api/blobs/sha256:${sha256}`, { method: 'POST', body, duplex: 'half', signal })
}

/** Runs `create` or `pull` to its end. `onStep` gets every line of the answer. Throws an `OllamaRefusal` with its error. */
export async function runSteps(
  ollamaUrl: string,
  path: '/api/create' | '/api/pull',
  request: unknown,
  onStep: (step: Step) => void,
  signal: AbortSignal,
): Promise<void> {
  const response = await call(ollamaUrl, path, { method: 'POST', body: JSON.stringify(request), signal })
  if (response.body === null) throw garbage(ollamaUrl)
  let last: Step = {}
  const lines = createInterface({
    input: Readable.fromWeb(response.body as NodeReadableStream),
    crlfDelay: Infinity,
  })
  for await (const line of lines) {
    if (line.trim() === '') continue
    last = parseStep(line, ollamaUrl)
    if (last.error !== undefined) throw new OllamaRefusal(last.error)
    onStep(last)
  }
  if (last.status !== 'success') throw new OllamaRefusal('the answer broke off')
}

function parseStep(line: string, ollamaUrl: string): Step {
  try {
    const step: unknown = JSON.parse(line)
    if (Check(Step, step)) return step
  } catch (error) {
    throw garbage(ollamaUrl, error)
  }
  throw garbage(ollamaUrl)
}

async function call(ollamaUrl: string, path: string, init: RequestInit): Promise<Response> {
  const response = await reach(ollamaUrl, path, init)
  if (response.ok) return response
  const text = await response.text()
  throw new OllamaRefusal(errorOf(text) ?? `Ollama answered ${response.status}`)
}

function errorOf(text: string): string | null {
  try {
    const body: unknown = JSON.parse(text)
    return Check(ErrorBody, body) ? body.error : null
  } catch {
    // Not JSON: the status is all there is.
    return null
  }
}

async function reach(ollamaUrl: string, path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(new URL(path, ollamaUrl), init)
  } catch (error) {
    init.signal?.throwIfAborted()
    throw new QuantvoxError('engine_unavailable', `Ollama does not answer at ${ollamaUrl}.`, {
      meaning: 'No language model can be got or listed.',
      mend: 'Start Ollama, or set OLLAMA_HOST to where it runs.',
      cause: error,
    })
  }
}

function garbage(ollamaUrl: string, cause?: unknown): QuantvoxError {
  return new QuantvoxError(
    'engine_failed',
    `What answers at ${ollamaUrl} does not speak Ollama's protocol.`,
    {
      meaning: 'No language model can be got or listed.',
      mend: 'Set OLLAMA_HOST to a running Ollama.',
      cause,
    },
  )
}
