import { LRUCache } from 'lru-cache'
import { patiently } from '../abort.ts'
import { QuantvoxError } from '../errors.ts'
import type { LanguageModel } from '../protocol/models.ts'
import type { Routed } from '../shared/routed.ts'
import type { Explain } from './client.ts'
import { type Coldness, createColdness } from './coldness.ts'
import { noPlaceWithin } from './failures.ts'
import { createReadPrompts, type ReadPrompts, withTools } from './readPrompts.ts'
import type { ChatMessage, ChatSettings, ReplyPart, Respond } from './respond.ts'
import type { SentenceEnd } from './sentenceEnd.ts'
import type { Tool } from './toolCalls.ts'

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

/** A place for work that may be for nothing: it is taken back as soon as anybody else wants it, and a reply under way broken off. */
export type SpareLease = LanguageModelLease & {
  /** Aborted once it is taken back. */
  readonly lost: AbortSignal
  /** From now on it is a place like any other. */
  keep(): void
  /** The model has told that before; the first time its template is read, too, which takes longer. */
  toldEnds: boolean
  /** How likely the last of these messages ends where it does, 0 to 1; null where that can't be told in time. Never rejects. */
  endsHere(messages: readonly ChatMessage[], affinity: string, signal: AbortSignal): Promise<number | null>
}

/** `cold` and `affinity` are null where they cannot be known. */
export type LeasedPart =
  | Exclude<ReplyPart, Done | RoutedPart>
  | (Done & { cold: boolean | null })
  /** `affinity`: it is the host that answered this conversation before. */
  | (RoutedPart & { affinity: boolean | null })
type Done = Extract<ReplyPart, { type: 'done' }>
type RoutedPart = Extract<ReplyPart, { type: 'routed' }>

/** What is asked for: a tag, and how it was loaded a moment ago. */
export type WantedModel = Pick<LanguageModel, 'name' | 'loaded' | 'contextTokens' | 'remote'>

/**
 * Ollama notices that it is left only where it flushes a token, so never while it reads a prompt: what would have to be read
 * first holds up whoever comes next. With 900 tokens a cancel after 50 ms kept the next request waiting for 16 s once in five times
 * (Ollama 0.17.4, SmolLM2 135M, two cores).
 */
const MOST_UNREAD_TOKENS = 256

/** Conversations whose host is remembered; one that is forgotten has its next turn's affinity unknown. */
const KEPT_HOSTS = 1000

/** Whoever waits longer has gone away; the replies of others end within it unless there are too many of them. */
const PLACE_WITHIN_MS = 60_000

/** A turn is decided without it then, or soon will be. */
const END_TOLD_WITHIN_MS = 300

export type LanguageModelLeases = {
  /** Whether the next answer should load the model first: it is not loaded, or with another context window. */
  mustLoad(model: WantedModel): boolean
  /**
   * Waits for a place, fair between owners.
   * @param owner whoever speaks
   * @throws `at_capacity` where none is free within a minute; what finding Ollama throws; the signal's reason when aborted
   */
  acquire(model: WantedModel, owner: string, signal: AbortSignal): Promise<LanguageModelLease>
  /**
   * A place to ask `messages` in, or null where that would be in anybody's way: it is not free at once, the model would have to
   * be loaded, or more than 256 tokens of the prompt are not in its cache. Nor is one that runs elsewhere: what it does may be paid for.
   * @throws what finding Ollama throws; the signal's reason when aborted
   */
  spare(
    model: WantedModel,
    messages: readonly ChatMessage[],
    signal: AbortSignal,
    tools?: readonly Tool[],
  ): Promise<SpareLease | null>
}

export type LeaseDependencies = {
  /** The gate in front of Ollama; whoever is in it is alone. `leave` may be called more than once. */
  gate: {
    enter(owner: string, signal: AbortSignal): Promise<{ waitedMs: number; leave(): void }>
    /** Goes in only where it is free, until `wanted` is called, or `keep`. */
    spare(wanted: () => void): { keep(): void; leave(): void } | null
  }
  /** Base URL of the Ollama to use. Throws `engine_unavailable`. */
  host(signal: AbortSignal): Promise<string>
  explain: Explain
  respond: Respond
  sentenceEnd: SentenceEnd
  /** The same on every call, so that Ollama never reloads a model between turns. */
  chat: ChatSettings
}

export function createLanguageModelLeases(dependencies: LeaseDependencies): LanguageModelLeases {
  const { gate } = dependencies
  const coldness = createColdness(dependencies.chat.numCtx)
  const prompts = createReadPrompts()
  const respondAt = responding(dependencies, coldness, prompts)
  const endsHereAt = endingAt(dependencies, prompts)
  const toldEnds = new Set<string>()

  /** A place that was entered, at the Ollama of now; one that it cannot be found for is given back. */
  async function opened(
    model: WantedModel,
    { waitedMs, leave }: { waitedMs: number; leave(): void },
    released: AbortController,
    standing: Standing,
    signal: AbortSignal,
  ): Promise<LanguageModelLease> {
    try {
      const host = await dependencies.host(signal)
      return {
        ...{ host, queueMs: waitedMs, cold: coldness.expected(model) },
        respond: (messages, until, change) =>
          respondAt(host, model, messages, change, standing, AbortSignal.any([until, released.signal])),
        release() {
          released.abort(new Error('The place at the language model was given back.'))
          leave()
        },
      }
    } catch (error) {
      leave()
      throw error
    }
  }

  return {
    mustLoad: coldness.expected,
    async acquire(model, owner, signal) {
      const noPlace = () => noPlaceWithin(PLACE_WITHIN_MS)
      const entry = await patiently(PLACE_WITHIN_MS, signal, noPlace, stop => gate.enter(owner, stop))
      return await opened(model, entry, new AbortController(), ofTurn, signal)
    },
    async spare(model, messages, signal, tools = []) {
      signal.throwIfAborted()
      if (model.remote !== null || coldness.expected(model)) return null
      if (prompts.unreadTokens(model.name, withTools(messages, tools)) > MOST_UNREAD_TOKENS) return null
      const [released, lost] = [new AbortController(), new AbortController()]
      const entry = gate.spare(() => {
        lost.abort()
        released.abort(new Error('Somebody else needs the place at the language model.'))
      })
      if (entry === null) return null
      const trial = onTrial()
      const lease = await opened(model, { waitedMs: 0, leave: entry.leave }, released, trial, signal)
      return {
        ...{ ...lease, lost: lost.signal, toldEnds: toldEnds.has(model.name) },
        keep() {
          entry.keep()
          trial.keep()
        },
        async endsHere(asked, affinity, until) {
          const share = await endsHereAt(
            lease.host,
            model,
            asked,
            { tools, affinity },
            AbortSignal.any([until, released.signal]),
          )
          if (share !== null) toldEnds.add(model.name)
          return share
        },
      }
    },
  }
}

/** Asks at a host whether a message is over. What fails is nothing that a turn should know of: the answer is asked for next. */
function endingAt({ sentenceEnd, chat }: LeaseDependencies, prompts: ReadPrompts) {
  return async (
    host: string,
    { name }: WantedModel,
    messages: readonly ChatMessage[],
    { tools, affinity }: { tools: readonly Tool[]; affinity: string },
    stop: AbortSignal,
  ): Promise<number | null> => {
    const until = AbortSignal.any([stop, AbortSignal.timeout(END_TOLD_WITHIN_MS)])
    const prompt = withTools(messages, tools)
    prompts.asked(name, prompt)
    const share = await sentenceEnd(
      host,
      messages,
      { ...chat, model: name, tools, affinity, isSpare: true },
      until,
    ).catch(() => null)
    if (share !== null) prompts.read(name, prompt.slice(0, -1), null)
    return share
  }
}

/** Whether what is asked in a place is a turn's, or may yet be for nothing. */
type Standing = {
  isSpare(): boolean
  /** At once where it is a turn's; never where it does not become one. */
  whenKept(work: () => void): void
}

const ofTurn: Standing = { isSpare: () => false, whenKept: work => work() }

function onTrial(): Standing & { keep(): void } {
  let waiting: (() => void)[] | null = []
  return {
    isSpare: () => waiting !== null,
    whenKept: work => (waiting === null ? work() : void waiting.push(work)),
    keep() {
      const kept = waiting ?? []
      waiting = null
      for (const work of kept) work()
    },
  }
}

/** What a router refuses that may be for nothing is asked once more, and waits like any, where it is a turn's by then. */
async function* askedAs(
  standing: Standing,
  ask: (spare: { isSpare?: true }) => AsyncIterable<ReplyPart>,
): AsyncGenerator<ReplyPart, void, undefined> {
  if (standing.isSpare()) {
    try {
      return yield* ask({ isSpare: true })
    } catch (error) {
      const isRefused = error instanceof QuantvoxError && error.code === 'at_capacity'
      if (!isRefused || standing.isSpare()) throw error
    }
  }
  yield* ask({})
}

/** How a reply comes at a host, and what is learned of the model from it. */
function responding({ explain, respond, chat }: LeaseDependencies, coldness: Coldness, prompts: ReadPrompts) {
  const hosts = new LRUCache<string, string>({ max: KEPT_HOSTS })
  const affinityOf = (key: string | undefined, { host }: Routed, standing: Standing): boolean | null => {
    if (key === undefined) return null
    const before = hosts.get(key)
    // What nobody heard is no turn of the conversation.
    standing.whenKept(() => hosts.set(key, host))
    return before === undefined ? null : before === host
  }
  return async function* (
    host: string,
    model: WantedModel,
    messages: ChatMessage[],
    change: Partial<ChatSettings> | undefined,
    standing: Standing,
    stop: AbortSignal,
  ): AsyncGenerator<LeasedPart, void, undefined> {
    stop.throwIfAborted()
    const { name } = model
    let [reply, isHeard, isThought] = ['', false, false]
    let by: Routed | null = null
    const prompt = withTools(messages, change?.tools ?? [])
    prompts.asked(name, prompt)
    try {
      const ask = (spare: { isSpare?: true }) =>
        respond(host, messages, { ...chat, ...change, ...spare, model: name }, stop)
      for await (const part of askedAs(standing, ask)) {
        isHeard = true
        if (part.type === 'routed') {
          by = part.by
          yield { ...part, affinity: affinityOf(change?.affinity, by, standing) }
        } else if (part.type === 'done') {
          const { loadMs } = part.statistics
          yield {
            ...part,
            cold: by === null ? coldness.paid(name, model, loadMs) : coldness.paidAt(by.host, name, loadMs),
          }
        } else {
          if (part.type === 'text') reply += part.text
          else isThought = true
          yield part
        }
      }
    } catch (error) {
      throw !stop.aborted && error instanceof QuantvoxError ? await explain(error, host) : error
    } finally {
      if (isHeard) prompts.read(name, prompt, isThought ? null : reply)
    }
  }
}
