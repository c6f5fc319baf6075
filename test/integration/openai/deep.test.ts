import { expect, test } from 'vitest'
import { createRealtimeApp } from '../../support/realtime/realtimeClient.ts'
import { startTestApp } from '../../support/testApp.ts'

/** More than there is stack for to write it again. */
const deep = `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`
const question = '{"role":"user","content":"hi"}'
const call = `{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":${JSON.stringify(deep)}}}]}`
const tool = `{"type":"function","name":"f","parameters":${deep}}`
const tools = `[{"type":"function","function":{"name":"f","parameters":${deep}}}]`
const format = `{"type":"json_schema","json_schema":{"schema":${deep}}}`

test.each([
  ['/v1/chat/completions', `{"messages":[${question}],"tools":${tools}}`],
  ['/v1/chat/completions', `{"messages":[${question}],"response_format":${format}}`],
  ['/v1/chat/completions', `{"messages":[${question},${call}]}`],
  ['/v1/realtime/client_secrets', `{"session":{"tools":[${tool}]}}`],
])('JSON that is nested too deep is refused at %s', async (url, payload) => {
  const { app, logLines } = url.includes('realtime') ? await realtime() : await startTestApp()
  const headers = { 'content-type': 'application/json' }
  const answer = await app.inject({ method: 'POST', url, headers, payload })
  expect([answer.statusCode, answer.json().error.code]).toEqual([400, 'invalid_request'])
  expect(logLines.filter(line => line.includes('"level":50'))).toEqual([])
  await app.close()
})

const realtime = () => createRealtimeApp()

test('it ends no Realtime session', async () => {
  const live = await createRealtimeApp()
  const client = await live.connectRealtime()
  client.send(`{"type":"session.update","session":{"tools":[${tool}]}}`)
  expect((await client.next('error')).error.code).toBe('invalid_message')
  const item = { type: 'function_call', call_id: 'c', name: 'f', arguments: nested(15_000) }
  client.send({ type: 'conversation.item.create', item })
  client.send({ type: 'response.create' })
  expect((await client.next('response.done')).response.status).toBe('completed')
  await live.app.close()
})

const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
