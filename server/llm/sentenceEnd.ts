import Type from 'typebox'
import { ask } from './client.ts'
import { createModelProbe, type NextToken } from './probe.ts'
import { type ChatMessage, type ChatOptions, keepAliveFor, loadOptions } from './respond.ts'
import { asOllamaTool } from './toolCalls.ts'

/**
 * How likely it is, by a chat model, that the last of `messages` ends where it does (0 to 1): the probability that a full stop, a question
 * mark or the end of the message comes next. Null where that can't be told: a template that is not understood, an Ollama that shows none
 * or no probabilities (before 0.12.11), roles that do not take turns.
 * The model reads the prompt that it will answer, up to there, so the answer finds it in the cache; one token is made and thrown away.
 * Throws the errors of `ask`, or the signal's reason.
 */
export type SentenceEnd = (
  host: string,
  messages: readonly ChatMessage[],
  options: ChatOptions,
  signal: AbortSignal,
) => Promise<number | null>

/** What a model's chat template puts around messages: what stands before each role's, and in front of all. */
type Template = { start: string; afterSystem: string; afterUser: string; afterAssistant: string }

/** A conversation of words that no template has of its own. */
const marked = [
  { role: 'system', content: 'QVSYSTEM' },
  { role: 'user', content: 'QVFIRST' },
  { role: 'assistant', content: 'QVREPLY' },
  { role: 'user', content: 'QVSECOND' },
  { role: 'assistant', content: 'QVAGAIN' },
  { role: 'user', content: 'QVLAST' },
]
const MARKS = marked.map(({ content }) => content)

/** A field of Ollama's own tests, so it may go: then nothing is told. */
const Rendered = Type.Object({
  _debug_info: Type.Optional(Type.Object({ rendered_template: Type.String() })),
})

export function createSentenceEnd(): SentenceEnd {
  const templates = new Map<string, Promise<Template | null>>()

  async function templateOf(
    host: string,
    options: ChatOptions,
    signal: AbortSignal,
  ): Promise<Template | null> {
    const key = JSON.stringify([host, options.model, options.tools])
    const found = templates.get(key) ?? readTemplate(host, options, signal)
    templates.set(key, found)
    return await found.catch(error => {
      templates.delete(key)
      throw error
    })
  }

  return async (host, messages, options, signal) => {
    const template = await templateOf(host, options, signal)
    const prompt = template && promptUpTo(messages, template)
    if (template === null || prompt === null) return null
    const probe = createModelProbe(async () => host, options)
    return endShare(await probe.nextToken(prompt, options.model, signal), template)
  }
}

/** Has Ollama write out a conversation of marks, and takes from it what lies between them. */
async function readTemplate(
  host: string,
  options: ChatOptions,
  signal: AbortSignal,
): Promise<Template | null> {
  const request = {
    ...{ model: options.model, stream: false as const, think: false, ...keepAliveFor(options) },
    messages: marked,
    ...(options.tools?.length ? { tools: options.tools.map(asOllamaTool) } : {}),
    // One that does not know of this answers instead.
    options: { ...loadOptions(options), num_predict: 1 },
    _debug_render_only: true,
  }
  const answer = await ask(
    async () => host,
    Rendered,
    client => client.chat(request),
    signal,
    undefined,
    { affinity: options.affinity, isPartial: options.isSpare ?? false },
  )
  return templateIn(answer._debug_info?.rendered_template ?? '')
}

/** Null for one that does not hold the marks once each, in order, with the same between the same roles. */
export function templateIn(rendered: string): Template | null {
  // What is captured stands between what it parts.
  const pieces = rendered.split(new RegExp(`(${MARKS.join('|')})`))
  if (pieces.filter((_, index) => index % 2 === 1).join() !== MARKS.join()) return null
  const between = pieces.filter((_, index) => index % 2 === 0)
  const [start = '', afterSystem = '', afterUser = '', afterAssistant = '', again, andAgain] = between
  return again === afterUser && andAgain === afterAssistant
    ? { start, afterSystem, afterUser, afterAssistant }
    : null
}

/** The prompt up to the last word of the last message; null where it is not a system prompt and then questions and replies in turn. */
export function promptUpTo(messages: readonly ChatMessage[], template: Template): string | null {
  const [system, ...rest] = messages
  if (system?.role !== 'system' || rest.length % 2 === 0) return null
  if (rest.some(({ role }, index) => role !== (index % 2 === 0 ? 'user' : 'assistant'))) return null
  const { start, afterSystem, afterUser, afterAssistant } = template
  const written = rest.map(({ content }, index) =>
    index === rest.length - 1
      ? content.replace(/[\s\p{P}]+$/u, '')
      : content + (index % 2 === 0 ? afterUser : afterAssistant),
  )
  return start + system.content + afterSystem + written.join('')
}

/** The share of what ends a sentence or the message in what may come next. */
export function endShare(next: NextToken | null, { afterUser }: Pick<Template, 'afterUser'>): number | null {
  if (next === null) return null
  if (next.chosen === null) return 1
  const isEnd = (token: string) => {
    const bare = token.trim()
    return bare === ''
      ? token.includes('\n')
      : /^[.?!…。？！]/u.test(bare) || afterUser.trim().startsWith(bare)
  }
  return next.top.reduce((sum, { token, logprob }) => sum + (isEnd(token) ? Math.exp(logprob) : 0), 0)
}
