import { patiently } from '../abort.ts'
import { QuantvoxError } from '../errors.ts'
import type { LanguageModel } from '../protocol/models.ts'
import { createColdness } from './coldness.ts'
import type { ChatMessage, ChatSettings, ReplyPart, Respond } from './respond.ts'

/** A place at the language model: nobody else is in it until `release`. */
export type LanguageModelLease = {
  /** Where it answers. */
  host: string
  /** The wait for others, milliseconds. */
  queueMs: number
  /** The model was not loaded as it is asked for when it was looked up, so the first answer should load it. */
  cold: boolean
  /**
   * Streams one reply, and says at its end whether it paid for a load; a consumer that leaves the stream stops the engine, and so do `signal` and `release`.
   * @param change is for measuring; turns leave it out
   * @throws as `Respond` does; also where the lease was released
   */
  respond(
    messages: ChatMessage[],
    signal: AbortSignal,
    change?: Partial<ChatSettings>,
  ): AsyncIterable<LeasedPart>
  /** May be called more than once. Breaks off a reply that is under way: whoever comes next finds the engine free. */
  release(): void
}

export type LeasedPart = Exclude<ReplyPart, Done> | (Done & { cold: boolean })
type Done = Extract<ReplyPart, { type: 'done' }>

/** What is asked for: a tag, and how it was loaded a moment ago. */
export type WantedModel = Pick<LanguageModel, 'name' | 'loaded' | 'contextTokens'>

/** Whoever waits longer has gone away; the replies of others end within it unless there are too many of them. */
const PLACE_WITHIN_MS = 60_000

export type LanguageModelLeases = {
  /**
   * Waits for a place, fair between owners.
   * @param owner whoever speaks
   * @throws `at_capacity` where none is free within a minute; what finding Ollama throws; the signal's reason when aborted
   */
  acquire(model: WantedModel, owner: string, signal: AbortSignal): Promise<LanguageModelLease>
}

export type LeaseDependencies = {
  /** The gate in front of Ollama; whoever is in it is alone. `leave` may be called more than once. */
  enter(owner: string, signal: AbortSignal): Promise<{ waitedMs: number; leave(): void }>
  /** Base URL of the Ollama to use. Throws `engine_unavailable`. */
  host(signal: AbortSignal): Promise<string>
  /** Told of a reply that failed at `host`: gives what became of Ollama, or `error` where that is not known. */
  explain(error: QuantvoxError, host: string): Promise<QuantvoxError>
  respond: Respond
  /** The same on every call, so that Ollama never reloads a model between turns. */
  chat: ChatSettings
}

export function createLanguageModelLeases(dependencies: LeaseDependencies): LanguageModelLeases {
  const { enter, explain, respond, chat } = dependencies
  const coldness = createColdness(chat.numCtx)

  return {
    async acquire(model, owner, signal) {
      const { waitedMs, leave } = await patiently(PLACE_WITHIN_MS, signal, noPlace, stop =>
        enter(owner, stop),
      )
      try {
        const host = await dependencies.host(signal)
        const released = new AbortController()
        return {
          host,
          queueMs: waitedMs,
          cold: coldness.expected(model),
          async *respond(messages, until, change) {
            const stop = AbortSignal.any([until, released.signal])
            stop.throwIfAborted()
            try {
              for await (const part of respond(
                host,
                messages,
                { ...chat, ...change, model: model.name },
                stop,
              )) {
                if (part.type !== 'done') yield part
                else yield { ...part, cold: coldness.paid(model.name, model, part.statistics.loadMs) }
              }
            } catch (error) {
              throw !stop.aborted && error instanceof QuantvoxError ? await explain(error, host) : error
            }
          },
          release() {
            released.abort(new Error('The place at the language model was given back.'))
            leave()
          },
        }
      } catch (error) {
        leave()
        throw error
      }
    },
  }
}

function noPlace(): QuantvoxError {
  return new QuantvoxError(
    'at_capacity',
    `The language model was busy with others for ${PLACE_WITHIN_MS / 1000} s.`,
    {
      meaning: 'More is asked at once than this machine can answer.',
      mend: 'Try again in a moment, or choose a smaller model.',
      retryAfterSeconds: 10,
      recoverable: true,
    },
  )
}

/** Does `work` in a place and gives it back, whatever happens. */
export async function inPlace<T>(
  leases: LanguageModelLeases,
  model: WantedModel,
  owner: string,
  signal: AbortSignal,
  work: (lease: LanguageModelLease) => Promise<T>,
): Promise<T> {
  const lease = await leases.acquire(model, owner, signal)
  try {
    return await work(lease)
  } finally {
    lease.release()
  }
}

/**
 * Loads the model and has it read the system prompt, which stays in its cache. The first token is enough for that, and
 * the first request of a process pays for what later ones use. Milliseconds.
 */
export async function warm(
  lease: LanguageModelLease,
  systemPrompt: string,
  signal: AbortSignal,
): Promise<number> {
  const startedAt = performance.now()
  const messages: ChatMessage[] = [
    { role: 'system', content: systemPrompt },
    { role: 'user', content: 'Hello.' },
  ]
  for await (const _part of lease.respond(messages, signal)) break
  return performance.now() - startedAt
}
