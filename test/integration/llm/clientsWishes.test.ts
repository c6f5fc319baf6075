import { expect, test } from 'vitest'
import { chat, never, partsOf } from '../../support/engines/askedOllama.ts'
import { chatLine, lastLine } from '../../support/engines/scriptedOllama.ts'
import { failureOf } from '../../support/failureOf.ts'

test('what a client asks for goes to Ollama as it has it', async () => {
  const { url, calls } = await chat(response => response.end(lastLine))
  const change = { isWhole: true as const, topP: 0.5, stop: ['END'], format: 'json' as const }
  await partsOf(url, never, change)
  expect(calls[0]?.body).toMatchObject({
    ...{ truncate: false, format: 'json', options: { top_p: 0.5, stop: ['END'] } },
  })
})

test('JSON that looks like a call is an answer where messages are a client’s and no tools with them', async () => {
  const json = '{"name": "get_time", "arguments": {}}'
  const { url } = await chat(response => response.end(chatLine(json) + lastLine))
  const textOf = async (change: object) =>
    (await partsOf(url, never, change)).flatMap(part => (part.type === 'text' ? [part.text] : [])).join('')
  expect(await textOf({ isWhole: true })).toBe(json)
  expect(await textOf({})).toBe('')
})

test.each([
  ['registry.ollama.ai/library/m:1b does not support tools', 'invalid_request', 'tools'],
  ['the input length exceeds the context length', 'context_exceeded', 'messages'],
])('Ollama refuses with "%s"', async (error, code, param) => {
  const { url } = await chat(response => response.writeHead(400).end(JSON.stringify({ error })))
  expect(await failureOf(partsOf(url))).toMatchObject({ code, param })
})
