import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import Type, { type Static } from 'typebox'
import { Check } from 'typebox/value'
import { authorizationFor } from '../../credentials.ts'
import { QuantvoxError } from '../../errors.ts'
import { viaProxy } from '../../proxies.ts'
import { parsedJson } from '../../readJson.ts'

/** The few calls of Ollama's HTTP API that setup needs (Ollama's `docs/api.md`). */

const Tags = Type.Object({
  models: Type.Array(
    Type.Object({
      name: Type.String(),
      size: Type.Optional(Type.Number()),
      details: Type.Optional(
        Type.Object({
          parameter_size: Type.Optional(Type.String()),
          quantization_level: Type.Optional(Type.String()),
        }),
      ),
    }),
  ),
})
const ErrorBody = Type.Object({ error: Type.String() })
const Step = Type.Object({
  status: Type.Optional(Type.String()),
  error: Type.Optional(Type.String()),
  completed: Type.Optional(Type.Number()),
  total: Type.Optional(Type.Number()),
})
export type Step = Static<typeof Step>

/** Ollama answered that it refuses or failed; `reason` is in its own words. */
export class OllamaRefusal extends QuantvoxError {
  readonly reason: string

  constructor(reason: string) {
    super('engine_failed', `Ollama answered with an error: ${reason}.`, {
      meaning: 'The language model could not be got, listed or removed.',
      mend: "Look into Ollama's log, then try again.",
    })
    this.reason = reason
  }
}

type InstalledLanguageModel = {
  name: string
  quantization: string | null
  parameterSize: string | null
  sizeBytes: number | null
}

/** What is installed. Throws `engine_unavailable` when nothing answers there. */
export async function installedLanguageModels(
  ollamaUrl: string,
  signal: AbortSignal,
): Promise<InstalledLanguageModel[]> {
  const response = await call(ollamaUrl, '/api/tags', { signal })
  const body = parsedJson(await response.text())
  if (!Check(Tags, body)) throw garbage(ollamaUrl)
  return body.models.map(({ name, size, details }) => ({
    name,
    quantization: details?.quantization_level ?? null,
    parameterSize: details?.parameter_size ?? null,
    sizeBytes: size ?? null,
  }))
}

/** Tags that are installed. Throws `engine_unavailable` when nothing answers there. */
export async function installedLanguageTags(ollamaUrl: string, signal: AbortSignal): Promise<string[]> {
  return (await installedLanguageModels(ollamaUrl, signal)).map(model => model.name)
}

/** True where there was such a model. */
export async function removeLanguageModel(
  tag: string,
  ollamaUrl: string,
  signal: AbortSignal,
): Promise<boolean> {
  const response = await reach(ollamaUrl, '/api/delete', {
    method: 'DELETE',
    body: JSON.stringify({ model: tag }),
    signal,
  })
  if (response.status === 404) return false
  if (!response.ok)
    throw new OllamaRefusal(
      errorOf(await response.text()) ?? `Ollama${viaProxy(ollamaUrl)} answered ${response.status}`,
    )
  return true
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
  // Named, because a browser's types, which the tests of the page see beside Node's, know no `duplex`.
  const upload: RequestInit & { duplex: 'half' } = { method: 'POST', body, duplex: 'half', signal }
  await call(ollamaUrl, `/api/blobs/sha256:${sha256}`, upload)
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
  const step = parsedJson(line)
  if (Check(Step, step)) return step
  throw garbage(ollamaUrl)
}

async function call(ollamaUrl: string, path: string, init: RequestInit): Promise<Response> {
  const response = await reach(ollamaUrl, path, init)
  if (response.ok) return response
  const text = await response.text()
  throw new OllamaRefusal(errorOf(text) ?? `Ollama${viaProxy(ollamaUrl)} answered ${response.status}`)
}

function errorOf(text: string): string | null {
  const body = parsedJson(text)
  return Check(ErrorBody, body) ? body.error : null
}

async function reach(ollamaUrl: string, path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(new URL(path, ollamaUrl), { headers: authorizationFor(ollamaUrl), ...init })
  } catch (error) {
    init.signal?.throwIfAborted()
    throw new QuantvoxError(
      'engine_unavailable',
      `Ollama does not answer at ${ollamaUrl}${viaProxy(ollamaUrl)}.`,
      {
        meaning: 'No language model can be got or listed.',
        mend: 'Start Ollama, or set OLLAMA_HOST to where it runs.',
        cause: error,
      },
    )
  }
}

function garbage(ollamaUrl: string): QuantvoxError {
  return new QuantvoxError(
    'engine_failed',
    `What answers at ${ollamaUrl}${viaProxy(ollamaUrl)} does not speak Ollama's protocol.`,
    {
      meaning: 'No language model can be got or listed.',
      mend: 'Set OLLAMA_HOST to a running Ollama.',
    },
  )
}
