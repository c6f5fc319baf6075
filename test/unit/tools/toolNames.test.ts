import { describe, expect, test } from 'vitest'
import type { McpAccess } from '../../../server/tools/mcp/mcpConfig.ts'
import { toolNames } from '../../../server/tools/mcp/toolNames.ts'

/** What models call the tools of servers, in order. */
function named(servers: Record<string, string[]>): string[] {
  const accesses: Pick<McpAccess, 'name' | 'allowed'>[] = Object.entries(servers).map(([name, tools]) => ({
    name,
    allowed: new Map(tools.map(tool => [tool, 'auto' as const])),
  }))
  const names = toolNames(accesses)
  return Object.entries(servers).flatMap(([server, tools]) => tools.map(tool => names.of(server, tool)))
}

describe('what models call a tool', () => {
  test.each<[string, Record<string, string[]>, string[]]>([
    ['is its own name', { a: ['on', 'off'], b: ['lamps'] }, ['on', 'off', 'lamps']],
    ['has the server in front where two have it', { a: ['on', 'off'], b: ['on'] }, ['a_on', 'off', 'b_on']],
    ['is not that of a tool of ours', { a: ['set_timer', 'on'] }, ['a_set_timer', 'on']],
    ['is one where two are spelled alike', { a: ['x.y', 'x y'] }, ['a_x_y', 'a_x_y_2']],
    ['is not what another is called', { a: ['on', 'b_on'], b: ['on'] }, ['a_on', 'b_on', 'b_on_2']],
    [
      'is one where the places between differ',
      { a: ['b_c', 'c'], a_b: ['c', 'b_c'] },
      ['a_b_c', 'a_c', 'a_b_c_2', 'a_b_b_c'],
    ],
  ])('%s', (_what, servers, expected) => {
    expect(named(servers)).toEqual(expected)
  })

  test('has 64 letters at most, and is one all the same', () => {
    const long = 'l'.repeat(80)
    const names = named({ a: [`${long}1`, `${long}2`], b: [long], ['s'.repeat(32)]: [long] })
    expect(new Set(names).size).toBe(4)
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{1,64}$/)
  })
})

test('clashes are named', () => {
  const allowed = new Map([
    ['on', 'auto' as const],
    ['off', 'auto' as const],
  ])
  const { clashes } = toolNames([
    { name: 'a', allowed },
    { name: 'b', allowed: new Map([['on', 'confirm' as const]]) },
  ])
  expect(clashes).toEqual([
    { server: 'a', tool: 'on', name: 'a_on' },
    { server: 'b', tool: 'on', name: 'b_on' },
  ])
})
