import { expect, test } from 'vitest'
import { createSentenceEnd } from '../../../server/llm/sentenceEnd.ts'
import { testChat } from '../../support/engines/leasesAt.ts'
import { lastLine, type OllamaCall, scriptedOllama } from '../../support/engines/scriptedOllama.ts'

const { signal } = new AbortController()
const messages = [
  { role: 'system' as const, content: 'Be brief.' },
  { role: 'user' as const, content: 'What is the capital of?' },
]
const options = { ...testChat, model: 'm' }

/** What Ollama's template would make of the messages that it is sent. */
const rendered = ({ body }: OllamaCall) =>
  (body.messages as { role: string; content: string }[])
    .map(({ role, content }) => `<${role}>${content}</${role}>`)
    .join('')

async function scene(knowsTemplates: boolean, top: { token: string; logprob: number }[]) {
  const ollama = await scriptedOllama({
    '/api/chat': (response, call) =>
      response.end(
        knowsTemplates
          ? `${JSON.stringify({ message: { role: '', content: '' }, done: false, _debug_info: { rendered_template: rendered(call) } })}\n`
          : lastLine,
      ),
    '/api/generate': response =>
      response.end(
        JSON.stringify({
          done: true,
          response: '',
          logprobs: [{ token: 'x', logprob: 0, top_logprobs: top }],
        }),
      ),
  })
  return { ollama, sentenceEnd: createSentenceEnd() }
}

test('a message is over by what the model would write behind its last word, in the prompt that it will answer', async () => {
  const top = [
    { token: ' France', logprob: Math.log(0.7) },
    { token: '?', logprob: Math.log(0.25) },
  ]
  const { ollama, sentenceEnd } = await scene(true, top)
  try {
    expect(await sentenceEnd(ollama.url, messages, options, signal)).toBeCloseTo(0.25)
    expect(await sentenceEnd(ollama.url, messages, options, signal)).toBeCloseTo(0.25)
    // The template is read once.
    expect(ollama.calls.map(({ path }) => path)).toEqual(['/api/chat', '/api/generate', '/api/generate'])
    expect(ollama.calls[0]?.body).toMatchObject({ _debug_render_only: true, options: { num_predict: 1 } })
    expect(ollama.calls[1]?.body).toMatchObject({
      ...{ raw: true, logprobs: true, options: { num_ctx: testChat.numCtx, num_predict: 1 } },
      prompt: '<system>Be brief.</system><user>What is the capital of',
    })
  } finally {
    await ollama.close()
  }
})

test('an Ollama that shows no template is asked once, and nothing is told', async () => {
  const { ollama, sentenceEnd } = await scene(false, [])
  try {
    expect(await sentenceEnd(ollama.url, messages, options, signal)).toBeNull()
    expect(await sentenceEnd(ollama.url, messages, options, signal)).toBeNull()
    expect(ollama.calls.map(({ path }) => path)).toEqual(['/api/chat'])
  } finally {
    await ollama.close()
  }
})

test('a template that could not be read is asked for again', async () => {
  const ollama = await scriptedOllama({ '/api/chat': response => response.writeHead(500).end('{}') })
  const sentenceEnd = createSentenceEnd()
  try {
    for (const asked of [1, 2]) {
      await expect(sentenceEnd(ollama.url, messages, options, signal)).rejects.toThrow('500')
      expect(ollama.calls.length).toBe(asked)
    }
  } finally {
    await ollama.close()
  }
})
