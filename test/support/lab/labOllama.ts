import { afterAll, beforeAll } from 'vitest'
import { type ScriptedOllama, scriptedOllama } from '../engines/scriptedOllama.ts'

/** Figures of one tag, as Ollama would report them. */
export type TagScript = {
  quantization: string
  sizeBytes: number
  /** Tokens of every answer, in order, by the last words of the question. */
  answer(question: string): string[]
  /** Milliseconds of one output token, and of the whole prompt. */
  tokenMs: number
  promptMs: number
  /** Probability of the likeliest next token; the rest is with the second. */
  sureness: number
  tensorType: string
}

export type LabOllama = ScriptedOllama & {
  tags: Map<string, TagScript>
  loaded: Set<string>
  /** Called before each answer with the tag; may throw away the connection by returning false. */
  hooks: { beforeChat(tag: string): boolean | Promise<boolean> }
}

const answers = (sum: string) => (question: string) =>
  /capital/.test(question) ? ['The', ' capital', ' is', ' Paris', '.'] : ['It', ' is', ` ${sum}`, '.']

export const PROMPT_TOKENS = 50

/** An Ollama with three tags of one family whose every figure is known. */
export async function labOllama(): Promise<LabOllama> {
  const tags = new Map<string, TagScript>([
    [
      'fake:1b-fp16',
      {
        quantization: 'F16',
        sizeBytes: 16_000,
        answer: answers('two'),
        tokenMs: 20,
        promptMs: 100,
        sureness: 0.9,
        tensorType: 'F16',
      },
    ],
    [
      'fake:1b-q8_0',
      {
        quantization: 'Q8_0',
        sizeBytes: 8_500,
        answer: answers('two'),
        tokenMs: 10,
        promptMs: 125,
        sureness: 0.9,
        tensorType: 'Q8_0',
      },
    ],
    [
      'fake:1b-q4_1',
      {
        quantization: 'Q4_1',
        sizeBytes: 5_000,
        answer: answers('three'),
        tokenMs: 5,
        promptMs: 200,
        sureness: 0.6,
        tensorType: 'Q4_1',
      },
    ],
  ])
  const loaded = new Set<string>()
  const hooks: LabOllama['hooks'] = { beforeChat: () => true }
  const nanoseconds = (ms: number) => ms * 1e6

  const listed = (names: Iterable<string>) =>
    [...names].flatMap(name => {
      const tag = tags.get(name)
      if (tag === undefined) return []
      const details = { family: 'fake', parameter_size: '1B', quantization_level: tag.quantization }
      return [{ name, digest: 'd'.repeat(64), size: tag.sizeBytes, size_vram: 0, details }]
    })

  const server = await scriptedOllama({
    '/api/version': response => response.end('{"version":"0.17.4"}'),
    '/api/tags': response => response.end(JSON.stringify({ models: listed(tags.keys()) })),
    '/api/ps': response => response.end(JSON.stringify({ models: listed(loaded) })),
    '/api/show': (response, { body }) => {
      const tag = tags.get(String(body.model))
      if (tag === undefined) return response.writeHead(404).end('{"error":"model not found"}')
      const tensors = [{ name: 'w', type: tag.tensorType, shape: [32, 250] }]
      return response.end(JSON.stringify({ modelfile: 'FROM nothing', tensors }))
    },
    '/api/generate': (response, { body }) => {
      const name = String(body.model)
      const tag = tags.get(name)
      if (tag === undefined) return response.writeHead(404).end('{"error":"model not found"}')
      if (body.keep_alive === 0) loaded.delete(name)
      else loaded.add(name)
      if (body.prompt === '') return response.end(JSON.stringify({ model: name, response: '', done: true }))
      const top = [
        { token: ' yes', logprob: Math.log(tag.sureness) },
        { token: ' no', logprob: Math.log(1 - tag.sureness) },
      ]
      const logprobs = [{ ...top[0], top_logprobs: top }]
      return response.end(JSON.stringify({ model: name, response: ' yes', done: true, logprobs }))
    },
    '/api/chat': async (response, { body }) => {
      const name = String(body.model)
      const go = await hooks.beforeChat(name)
      const tag = tags.get(name)
      if (!go) return response.destroy()
      if (tag === undefined) return response.writeHead(404).end('{"error":"model not found"}')
      loaded.add(name)
      const messages = body.messages as { content: string }[]
      const tokens = tag.answer(messages.at(-1)?.content ?? '')
      const line = (content: string, rest: object) =>
        `${JSON.stringify({ model: name, message: { role: 'assistant', content }, done: false, ...rest })}\n`
      for (const token of tokens) response.write(line(token, {}))
      const evalMs = tokens.length * tag.tokenMs
      return response.end(
        line('', {
          done: true,
          done_reason: 'stop',
          total_duration: nanoseconds(10 + tag.promptMs + evalMs),
          load_duration: nanoseconds(5),
          prompt_eval_count: PROMPT_TOKENS,
          prompt_eval_duration: nanoseconds(tag.promptMs),
          eval_count: tokens.length,
          eval_duration: nanoseconds(evalMs),
        }),
      )
    },
  })
  return { ...server, tags, loaded, hooks }
}

/** One for the tests of a file, which the servers of `settings` ask. */
export function useLabOllama(settings: Record<string, string>): () => LabOllama {
  let ollama: LabOllama
  beforeAll(async () => {
    ollama = await labOllama()
    settings.OLLAMA_HOST = ollama.url
  })
  afterAll(() => ollama?.close())
  return () => ollama
}
