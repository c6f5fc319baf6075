import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import Type, { type Static } from 'typebox'
import { Check } from 'typebox/value'
import { authorizationFor } from '../../credentials.ts'
import { QuantvoxError } from '../../errors.ts'
import { parsedJson } from '../../files/readJson.ts'
import { wholeJsonLines } from '../../llm/chatLines.ts'
import { viaProxy } from '../../proxies.ts'
import { responseText } from '../../responseText.ts'

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

/** Ollama lists its models at once, whatever they do. */
const LISTED_WITHIN_MS = 10_000
const MAX_LIST_BYTES = 16 * 2 ** 20
const MAX_REFUSAL_BYTES = 64 * 2 ** 10
/** Of a download without a further byte; Ollama itself asks again for what stalls. */
const STALLED_MS = 120_000
/** Of anything else, such as the check of a large file's hash, which says nothing before it is over. */
const SILENT_MS = 1_800_000

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
  const limit = AbortSignal.timeout(LISTED_WITHIN_MS)
  const body = await list(AbortSignal.any([signal, limit])).catch((error: unknown) => {
    signal.throwIfAborted()
    throw limit.aborted ? unanswered(ollamaUrl, error) : error
  })
  return body.models.map(({ name, size, details }) => ({
    name,
    quantization: details?.quantization_level ?? null,
    parameterSize: details?.parameter_size ?? null,
    sizeBytes: size ?? null,
  }))

  async function list(until: AbortSignal) {
    const response = await call(ollamaUrl, '/api/tags', { signal: until })
    const text = await responseText(response, MAX_LIST_BYTES).catch((error: unknown) => {
      throw error instanceof RangeError ? garbage(ollamaUrl) : error
    })
    const tags = parsedJson(text)
    if (Check(Tags, tags)) return tags
    throw garbage(ollamaUrl)
  }
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
  if (!response.ok) throw await refusal(ollamaUrl, response)
  return true
}

/** True where Ollama has the blob. */
export async function hasBlob(ollamaUrl: string, sha256: string, signal: AbortSignal): Promise<boolean> {
  const response = await reach(ollamaUrl, `/api/blobs/sha256:${sha256}`, { method: 'HEAD', signal })
  return response.ok
}

/** Gives Ollama a file to keep. Not by `fetch`, which holds all of a body until it is collected: hundreds of megabytes. */
export async function uploadBlob(
  ollamaUrl: string,
  sha256: string,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  const url = new URL(`/api/blobs/sha256:${sha256}`, ollamaUrl)
  const headers = { ...authorizationFor(ollamaUrl), 'content-length': (await stat(path)).size }
  const ask = url.protocol === 'https:' ? requestHttps : requestHttp
  const request = ask(url, { method: 'POST', headers, signal })
  const answered = once(request, 'response') as Promise<[IncomingMessage]>
  answered.catch(() => {})
  // It may answer that it refuses, and hang up before all was sent.
  await pipeline(createReadStream(path), request).catch(() => {})
  const [answer] = await answered.catch((error: unknown) => {
    signal.throwIfAborted()
    throw unanswered(ollamaUrl, error)
  })
  const { statusCode: status = 500 } = answer
  if (status < 300) answer.resume()
  else throw await refusal(ollamaUrl, new Response(Readable.toWeb(answer) as ReadableStream, { status }))
}

/**
 * Runs `create` or `pull` to its end. `onStep` gets every line of the answer. Throws an `OllamaRefusal` with its error, also where it
 * does not get on.
 */
export async function runSteps(
  ollamaUrl: string,
  path: '/api/create' | '/api/pull',
  request: unknown,
  onStep: (step: Step) => void,
  signal: AbortSignal,
): Promise<void> {
  const stuck = new AbortController()
  let last: Step = {}
  const giveUpAfter = (ms: number) =>
    setTimeout(() => {
      const where = last.status === undefined ? '' : ` at "${last.status}"`
      stuck.abort(new OllamaRefusal(`it did not get on${where} for ${ms / 1000} s`))
    }, ms)
  let timer = giveUpAfter(SILENT_MS)
  try {
    const until = AbortSignal.any([signal, stuck.signal])
    const init = { method: 'POST', body: JSON.stringify(request), signal: until }
    const { body } = await call(ollamaUrl, path, init)
    if (body === null) throw garbage(ollamaUrl)
    for await (const line of body.pipeThrough(wholeJsonLines(ollamaUrl))) {
      const step: unknown = JSON.parse(new TextDecoder().decode(line))
      if (!Check(Step, step)) throw garbage(ollamaUrl)
      if (step.error !== undefined) throw new OllamaRefusal(step.error)
      if (step.status !== last.status || step.completed !== last.completed) {
        clearTimeout(timer)
        const isDownload = (step.completed ?? 0) < (step.total ?? 0)
        timer = giveUpAfter(isDownload ? STALLED_MS : SILENT_MS)
      }
      last = step
      onStep(step)
    }
  } catch (error) {
    signal.throwIfAborted()
    stuck.signal.throwIfAborted()
    throw error
  } finally {
    clearTimeout(timer)
  }
  if (last.status !== 'success') throw new OllamaRefusal('the answer broke off')
}

async function call(ollamaUrl: string, path: string, init: RequestInit): Promise<Response> {
  const response = await reach(ollamaUrl, path, init)
  if (response.ok) return response
  throw await refusal(ollamaUrl, response)
}

async function refusal(ollamaUrl: string, response: Response): Promise<OllamaRefusal> {
  const body = parsedJson(await responseText(response, MAX_REFUSAL_BYTES).catch(() => ''))
  const status = `Ollama${viaProxy(ollamaUrl)} answered ${response.status}`
  return new OllamaRefusal(Check(ErrorBody, body) ? body.error : status)
}

async function reach(ollamaUrl: string, path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(new URL(path, ollamaUrl), { headers: authorizationFor(ollamaUrl), ...init })
  } catch (error) {
    init.signal?.throwIfAborted()
    throw unanswered(ollamaUrl, error)
  }
}

function unanswered(ollamaUrl: string, cause: unknown): QuantvoxError {
  return new QuantvoxError(
    'engine_unavailable',
    `Ollama does not answer at ${ollamaUrl}${viaProxy(ollamaUrl)}.`,
    {
      meaning: 'No language model can be got or listed.',
      mend: 'Start Ollama, or set OLLAMA_HOST to where it runs.',
      cause,
    },
  )
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
