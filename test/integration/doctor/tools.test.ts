import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { examineTools } from '../../../scripts/doctor/tools.ts'
import { readConfig } from '../../../server/config.ts'

const folder = mkdtempSync(join(tmpdir(), 'quantvox-doctor-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'mcp.json')
const house = fileURLToPath(new URL('../../support/mcp/stdioHouse.ts', import.meta.url))

async function examined(file: object | null) {
  if (file !== null) writeFileSync(path, JSON.stringify(file))
  const flags = file === null ? {} : { MCP_CONFIG: path }
  const { config } = readConfig({ flags, environment: {}, dotEnv: {} })
  return (await examineTools(config, '1')).map(({ what, state, found, mend }) => [what, state, found, mend])
}

test('nothing is said of tools where none are configured', async () => {
  expect(await examined(null)).toEqual([])
})

test('every server is reached, and told by what it gives and what it lacks', async () => {
  const servers = { house: { command: process.execPath, args: [house] }, away: { command: '/nowhere/away' } }
  const allow = { 'house.lamps': 'auto', 'house.vacuum': 'auto', 'away.x': 'auto' }
  expect(await examined({ servers, allow })).toEqual([
    ['MCP server house', 'note', 'gives lamps', 'Mend "allow" in MCP_CONFIG: it has no vacuum.'],
    ['MCP server away', 'wrong', expect.stringContaining('ENOENT'), expect.stringMatching(/^Start it/)],
  ])
})

test('a configuration that is none is wrong', async () => {
  expect(await examined({})).toEqual([
    [
      'tools',
      'wrong',
      expect.stringContaining('does not fit at "/"'),
      expect.stringContaining('It looks like'),
    ],
  ])
})
