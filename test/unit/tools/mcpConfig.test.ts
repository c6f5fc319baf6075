import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readMcpConfig } from '../../../server/tools/mcp/mcpConfig.ts'
import { failureOf } from '../../support/failureOf.ts'

const folder = mkdtempSync(join(tmpdir(), 'quantvox-mcp-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'mcp.json')
const written = (value: unknown) => {
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value))
  return readMcpConfig(path)
}
const home = { url: 'http://home.local/api/mcp', headers: { authorization: 'Bearer s3cret' } }

test('each server comes with its own allowed tools, and ours with how they may be called', async () => {
  const files = { command: 'mcp-files', args: ['/tmp'] }
  const read = await written({
    servers: { home, files },
    allow: { 'home.turn.on': 'confirm', 'files.read': 'auto', switch_model: 'auto' },
  })
  expect(read.own).toEqual(new Map([['switch_model', 'auto']]))
  expect(read.servers).toEqual([
    { name: 'home', server: home, allowed: new Map([['turn.on', 'confirm']]) },
    { name: 'files', server: files, allowed: new Map([['read', 'auto']]) },
  ])
})

test.each([
  ['is no JSON', '{"servers": s3cret'],
  ['does not fit at "/"', {}],
  [
    'does not fit at "/servers/home/url"',
    { servers: { home: { url: 7, headers: { a: 's3cret' } } }, allow: {} },
  ],
  ['does not fit at "/allow/home.x"', { servers: { home }, allow: { 'home.x': 's3cret' } }],
  ['allows home, which is no tool of ours', { servers: { home }, allow: { home: 'auto' } }],
  ['does not fit at "/allow', { servers: { home }, allow: { 'a b.x': 'auto' } }],
  ['names no server "away"', { servers: { home }, allow: { 'away.x': 'auto' } }],
  ['has no http address as the url of "home"', { servers: { home: { url: 'file:///s3cret' } }, allow: {} }],
])('a file that %s is refused, and nothing of its secrets shown', async (what, value) => {
  const { code, message } = await failureOf(written(value))
  expect([code, message]).toEqual(['invalid_request', expect.stringContaining(what)])
  expect(message).not.toContain('s3cret')
})

test('a file that is not there is refused by its name', async () => {
  expect((await failureOf(readMcpConfig('/nowhere/mcp.json'))).message).toBe(
    'MCP_CONFIG (/nowhere/mcp.json) cannot be read (ENOENT).',
  )
})
