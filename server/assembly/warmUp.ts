import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config.ts'
import { QuantvoxError, toQuantvoxError } from '../errors.ts'
import type { Ask } from '../llm/speed.ts'
import { isSameTag } from '../llm/tagNames.ts'
import { inPlace, warm } from '../llm/warm.ts'
import type { Log } from '../log.ts'
import type { Readiness } from '../protocol/info.ts'
import { speakerOf } from '../voice/voices.ts'
import type { Assembly } from './assemble.ts'
import type { Provision, Report } from './provision.ts'

/** How long after a failure a part is tried again: its cause may have been mended meanwhile. */
const RETRY_MS = 30_000
/** By which the gates in front of the engines know it. */
const OWNER = 'warm-up'

type Missing = Readiness['notReady'][number]

export type WarmUp = ReturnType<typeof createWarmUp>

export function createWarmUp(
  config: Config,
  { stages, mcp, ollama, speakers, languageModels, detector, chooseSpeechModel, chooseVoice }: Assembly,
  provision: Provision,
  report: Report,
  log: Log,
) {
  const missing = new Map<string, Missing>()

  async function speech(signal: AbortSignal): Promise<void> {
    const level = await stages.speechLevel(await chooseSpeechModel(), signal)
    await stages.recognizer.load(level, OWNER, signal)
  }

  async function language(signal: AbortSignal): Promise<void> {
    const tag = await stages.settings.llmModel()
    const installed = (await languageModels.list(signal)).some(model => isSameTag(model.name, tag))
    // A download fills somebody else's disk: only what was named is got for them.
    if (!installed && !ollama.owned() && config.LLM_MODEL === null) throw notInstalled(tag)
    if (!installed) await provision.languageModel(tag, await ollama.url(signal), report, signal)
    const model = await stages.languageModel(tag, signal)
    if (model.remote !== null) return
    // They stand in front of every prompt.
    await mcp.connect()
    const tools = await stages.tools.offered(model, signal)
    await inPlace(stages.llm, model, OWNER, signal, lease =>
      warm(lease, stages.settings.systemPrompt, signal, tools),
    )
  }

  async function voice(signal: AbortSignal): Promise<void> {
    const speaker = speakerOf(await chooseVoice(signal))
    if (speaker !== null) await speakers[speaker].warm(signal)
  }

  /**
   * What a default was chosen by is another model's speed: its own is measured when nothing is built or loaded any more. Whoever
   * asks meanwhile comes first; then it is measured at the next start.
   */
  async function checkDefault(signal: AbortSignal): Promise<void> {
    if (config.LLM_MODEL !== null || !ollama.owned()) return
    const model = await stages.languageModel(await stages.settings.llmModel(), signal)
    const lease = await stages.llm.spare(model, [], signal)
    if (lease === null) return
    const ask: Ask = (messages, maxTokens, until) =>
      lease.respond(messages, until, { maxTokens, temperature: 0 })
    try {
      const until = AbortSignal.any([signal, lease.lost])
      const word = await provision.checkLanguageTag(model.name, ask, until)
      if (word !== null) log.warn({ llmModel: model.name }, word)
    } catch (error) {
      if (!lease.lost.aborted) throw error
    } finally {
      lease.release()
    }
  }

  async function attempt(what: string, work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal) {
    try {
      await work(signal)
      missing.delete(what)
    } catch (error) {
      signal.throwIfAborted()
      const { line, mend } = toQuantvoxError(error)
      missing.set(what, { what, why: line, ...(mend === undefined ? {} : { mend }) })
      log.error({ err: error, what }, 'not ready')
      void again(what, work, signal)
      throw error
    }
  }

  async function again(what: string, work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal) {
    try {
      await sleep(RETRY_MS, undefined, { signal, ref: false })
      await attempt(what, work, signal)
    } catch {
      // attempt() has told it and tries again; an aborted sleep means that the server stops.
    }
  }

  return {
    /**
     * Gets the default models, loads them and runs each once. `ready` settles with all of them, `readyForText` with what a typed
     * question takes; both reject with the first failure, but it goes on trying.
     */
    run(signal: AbortSignal): { ready: Promise<void>; readyForText: Promise<void> } {
      // Where it cannot be had turns end all the same, so nothing waits for it.
      const isForOthers = config.ROLE === 'engines'
      if (config.ENDPOINTING === 'learned' && !isForOthers) void detector.start()
      const parts = {
        'language model': language,
        ...(isForOthers ? {} : { voice }),
        'speech model': speech,
      }
      for (const what of Object.keys(parts))
        missing.set(what, { what, why: 'It is being fetched, loaded and warmed.' })
      const begun = Object.entries(parts).map(([what, work]) => attempt(what, work, signal))
      const ready = settled(...begun)
      ready
        .then(() => checkDefault(signal))
        .catch((error: unknown) => signal.aborted || log.warn({ err: error }, 'its speed was not measured'))
      return { ready, readyForText: settled(...begun.slice(0, -1)) }
    },
    /** What is not ready yet, and why. */
    missing: (): Missing[] => [...missing.values()],
  }
}

function settled(...parts: (Promise<void> | undefined)[]): Promise<void> {
  const all = Promise.all(parts).then(() => {})
  // Not everybody waits for it; what failed is told by `missing`, too.
  all.catch(() => {})
  return all
}

function notInstalled(tag: string): QuantvoxError {
  return new QuantvoxError('model_not_found', `The Ollama that runs here does not have ${tag}.`, {
    meaning: 'It is not ours, so nothing is put into it without being asked.',
    mend: `Run "npx quantvox models pull ${tag}", or set LLM_MODEL to one that it has.`,
  })
}
