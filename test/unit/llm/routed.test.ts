import { describe, expect, test } from 'vitest'
import { createColdness } from '../../../server/llm/coldness.ts'
import { routedBy } from '../../../server/shared/routed.ts'

const told = (headers: Record<string, string>) => routedBy(name => headers[name])

describe('what a router says of an answer', () => {
  test('is the host, its queue and retries, as HAProxy writes them', () => {
    expect(told({ 'x-engine-host': 'o1', 'x-queue-ms': '12', 'x-retries': '+2' })).toEqual({
      host: 'o1',
      queueMs: 12,
      retries: 2,
    })
    expect(told({ 'x-engine-host': '10.0.0.7:11434', 'x-queue-ms': '-1', 'x-retries': '0' })).toEqual({
      host: '10.0.0.7:11434',
      queueMs: null,
      retries: 0,
    })
  })

  test.each(['', '<NOSRV>', 'a b', 'x'.repeat(101)])('is nothing where the host is told as %j', host => {
    expect(told({ 'x-engine-host': host, 'x-queue-ms': '1' })).toBeNull()
    expect(told({})).toBeNull()
  })
})

describe('a load behind a router', () => {
  test('is told by its time alone, for each host', () => {
    const coldness = createColdness(4096)
    expect(coldness.paidAt('a', 'm', 2000)).toBe(true)
    expect(coldness.paidAt('a', 'm', 100)).toBe(false)
    // Some machines take longer than usual for none.
    for (let turn = 0; turn < 3; turn++) expect(coldness.paidAt('a', 'm', 200)).toBe(false)
    expect(coldness.paidAt('a', 'm', 390)).toBe(false)
    expect(coldness.paidAt('b', 'm', 390)).toBe(true)
    expect(coldness.paidAt('a', 'm', null)).toBeNull()
  })
})
