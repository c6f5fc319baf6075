import { expect, test } from 'vitest'
import type { ReplyPart } from '../../../server/llm/respond.ts'
import { respond } from '../../../server/llm/respond.ts'
import type { Tool } from '../../../server/llm/toolCalls.ts'
import { chat, messages, never, options, partsOf } from '../../support/engines/askedOllama.ts'
import { chatLine, lastLine } from '../../support/engines/scriptedOllama.ts'

const lamp: Tool = {
  name: 'turn_on',
  description: 'Turns a lamp on.',
  parameters: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
}
const tools = [lamp, { ...lamp, name: 'turn_off' }]
const written = '{"name":"turn_on","arguments":{"name":"kitchen"}}'
const calling = (call: object) =>
  `${JSON.stringify({ message: { role: 'assistant', content: '', tool_calls: [call] }, done: false })}\n`

const callsIn = (parts: ReplyPart[]) =>
  parts.flatMap(part => (part.type === 'tool-call' ? [[part.call.name, part.call.arguments]] : []))
const textIn = (parts: ReplyPart[]) =>
  parts.flatMap(part => (part.type === 'text' ? [part.text] : [])).join('')

test('a call that Ollama read comes with its arguments, and an id of ours where it has none', async () => {
  const call = { function: { name: 'turn_on', arguments: { name: 'kitchen' } } }
  const { url, calls } = await chat(response =>
    response.end(calling(call) + calling({ ...call, id: 'call_7' }) + lastLine),
  )
  const parts = await partsOf(url, never, { tools })
  expect(callsIn(parts)).toEqual(Array(2).fill(['turn_on', { name: 'kitchen' }]))
  expect(parts.flatMap(part => (part.type === 'tool-call' ? [part.call.id] : []))).toEqual([
    expect.stringMatching(/^call_[\w-]{36}$/),
    'call_7',
  ])
  expect(calls[0]?.body.tools).toEqual(tools.map(tool => ({ type: 'function', function: tool })))
})

// Report 22: a call that came as text was read out.
test.each([
  ['bare', written, [['turn_on', { name: 'kitchen' }]]],
  ['fenced', `\`\`\`json\n${written}\n\`\`\``, [['turn_on', { name: 'kitchen' }]]],
  ['in tags', `<tool_call>\n${written}\n</tool_call>`, [['turn_on', { name: 'kitchen' }]]],
  [
    'two of them in tags',
    `<tool_call>${written}</tool_call>\n<tool_call>{"name":"turn_off"}</tool_call>`,
    [
      ['turn_on', { name: 'kitchen' }],
      ['turn_off', {}],
    ],
  ],
  ['in a tag that never closes', `<tool_call>${written}`, [['turn_on', { name: 'kitchen' }]]],
  ['as a list', `[TOOL_CALLS] [${written}]`, [['turn_on', { name: 'kitchen' }]]],
  [
    'with arguments as text',
    '{"name":"turn_on","arguments":"{\\"name\\":\\"hall\\"}"}',
    [['turn_on', { name: 'hall' }]],
  ],
  ['by a tag', '<function=turn_on>{"name":"hall"}</function>', [['turn_on', { name: 'hall' }]]],
  [
    'as OpenAI nests it',
    '{"type":"function","function":{"name":"turn_on","arguments":{"name":"hall"}}}',
    [['turn_on', { name: 'hall' }]],
  ],
  ['of a tool that was not offered', '{"name":"format_disk","arguments":{}}', []],
])('a call written as text, %s, is a call and no text', async (_how, text, expected) => {
  for (const step of [1, 3, text.length]) {
    const deltas = text.match(new RegExp(`[\\s\\S]{1,${step}}`, 'g')) ?? []
    const { url } = await chat(response =>
      response.end(deltas.map(delta => chatLine(delta)).join('') + lastLine),
    )
    const parts = await partsOf(url, never, { tools })
    expect(callsIn(parts)).toEqual(expected)
    expect(textIn(parts)).toBe('')
  }
})

test('a model that explains the call it wrote is left', async () => {
  const { url, calls } = await chat(response => {
    response.write(chatLine(`${written}\n`) + chatLine('Note: this call'))
  })
  const parts = await partsOf(url, never, { tools })
  expect(callsIn(parts)).toHaveLength(1)
  expect(textIn(parts)).toBe('')
  expect(parts.at(-1)).toMatchObject({ type: 'done', statistics: { outputTokens: null } })
  await expect.poll(() => calls[0]?.hungUp).toBe(true)
})

test('where no tools are offered, a call is for nobody', async () => {
  const { url, calls } = await chat(response => response.end(chatLine(`${written}\nIt is on.`) + lastLine))
  const parts = await partsOf(url)
  expect([callsIn(parts), textIn(parts)]).toEqual([[], 'It is on.'])
  expect(calls[0]?.body).not.toHaveProperty('tools')
})

test('calls and what they gave go back as Ollama takes them', async () => {
  const { url, calls } = await chat(response => response.end(chatLine('Done.') + lastLine))
  const call = { id: 'call_1', name: 'turn_on', arguments: { name: 'hall' } }
  const asked = [
    ...messages,
    { role: 'assistant' as const, content: '', toolCalls: [call] },
    { role: 'tool' as const, content: 'on', toolName: 'turn_on' },
  ]
  for await (const _part of respond(url, asked, { ...options, tools }, never));
  expect(calls[0]?.body.messages).toEqual([
    ...messages,
    {
      role: 'assistant',
      content: '',
      tool_calls: [{ function: { name: 'turn_on', arguments: { name: 'hall' } } }],
    },
    { role: 'tool', content: 'on', tool_name: 'turn_on' },
  ])
})
