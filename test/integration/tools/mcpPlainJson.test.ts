import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { mcpPrograms } from '../../../server/assembly/mcpPrograms.ts'
import { createMcpTools } from '../../../server/tools/mcp/mcpTools.ts'
import { createToolbox } from '../../../server/tools/toolbox.ts'
import { quietLog } from '../../support/quietLog.ts'

const lamp = {
  name: 'HassTurnOn',
  description: 'Turns on a lamp.',
  inputSchema: { type: 'object', properties: { name: { type: 'string' } } },
}

/** Answers as Home Assistant does: without sessions, in plain JSON and never as events, 202 without a body to notifications. */
async function homeAssistant() {
  const asked: string[] = []
  const results: Record<string, object> = {
    initialize: {
      protocolVersion: '2025-06-18',
      capabilities: { tools: {} },
      serverInfo: { name: 'home-assistant', version: '1.26.0' },
    },
    'tools/list': { tools: [lamp] },
    'tools/call': { content: [{ type: 'text', text: '{"success":true}' }] },
  }
  const server = createServer(async (request, response) => {
    const right = request.url === '/api/mcp/assist' && request.headers.authorization === 'Bearer long-lived'
    if (!right || request.method !== 'POST') return void response.writeHead(right ? 405 : 401).end()
    const { id, method } = JSON.parse(Buffer.concat(await request.toArray()).toString())
    asked.push(`${method} ${request.headers.accept?.includes('application/json')}`)
    if (id === undefined) return void response.writeHead(202).end()
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result: results[method] }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/mcp/assist`, asked }
}

// Report 21: a client that waited for events, where the answer was JSON.
test('tools of Home Assistant, which answers in plain JSON, are offered and called', async () => {
  const { url, asked } = await homeAssistant()
  const server = { url, headers: { authorization: 'Bearer long-lived' } }
  const allowed = new Map([['HassTurnOn', 'auto' as const]])
  const tools = createMcpTools([{ name: 'home', server, allowed }], mcpPrograms, '1', quietLog())
  onTestFinished(tools.stop)
  await tools.connect()
  const box = createToolbox([tools], quietLog())
  expect(box.offered().map(({ name }) => name)).toEqual(['HassTurnOn'])
  const models = { speech: null, language: 'm:1b', voice: 'none' }
  const user = { turnId: 't', roomBytes: 1e6, models, session: null }
  const given = { name: 'HassTurnOn', arguments: { name: 'kitchen' } }
  expect(await box.call(given, user, new AbortController().signal)).toMatchObject({
    outcome: 'done',
    content: expect.stringContaining('{"success":true}'),
  })
  expect(asked).toEqual([
    'initialize true',
    'notifications/initialized true',
    'tools/list true',
    'tools/call true',
  ])
})
