import { expect, onTestFinished, test } from 'vitest'
import { examineDoors } from '../../../scripts/doctor/network/doors.ts'
import { freePort } from '../../../server/engines/ports.ts'
import { createLiveApp } from '../../support/fakes/fakeLive.ts'

const never = new AbortController().signal
const key = 'a-key-of-24-letters-or-so'

/** What is found of a server with these settings by who knows that key. */
async function examined(settings: Record<string, string>, AUTH_TOKEN: string | null) {
  const { app } = await createLiveApp({ settings })
  onTestFinished(() => app.close())
  const PUBLIC_URL = await app.listen({ host: '127.0.0.1', port: 0 })
  const findings = await examineDoors({ PUBLIC_URL, AUTH_TOKEN }, never)
  expect(JSON.stringify(findings)).not.toContain(key)
  return Object.fromEntries(findings.map(({ what, state, found, mend }) => [what, [state, found, mend]]))
}

test('nothing is said of doors where no server runs', async () => {
  const PUBLIC_URL = `http://127.0.0.1:${await freePort()}`
  expect(await examineDoors({ PUBLIC_URL, AUTH_TOKEN: null }, never)).toEqual([])
})

test.each([
  [{}, null, 'none is asked for'],
  [{ AUTH_TOKEN: key }, key, 'AUTH_TOKEN is taken, and nothing else'],
])('of a server with %j, whose key is %j, all is well', async (settings, known, told) => {
  expect(await examined(settings, known)).toEqual({
    'key of clients': ['ok', told, ''],
    'OpenAI REST': ['ok', expect.stringMatching(/\/v1 has \d+ models$/), ''],
    'OpenAI Realtime': ['ok', expect.stringMatching(/^a session begins at ws:.*\/v1\/realtime$/), ''],
  })
})

test.each([
  [{ AUTH_TOKEN: key }, 'another-key-of-24-letters', 'the server has another than AUTH_TOKEN'],
  [{ AUTH_TOKEN: key }, null, 'the server wants one, and AUTH_TOKEN is not set'],
])('of a server with %j who has %j as its key is told', async (settings, known, told) => {
  const found = await examined(settings, known)
  expect(found['key of clients']).toEqual(['wrong', told, expect.stringMatching(/\S/)])
  expect(found['OpenAI REST']).toEqual(['wrong', expect.stringContaining('answers 401'), expect.any(String)])
  expect(found['OpenAI Realtime']?.[0]).toBe('wrong')
})

test('a server that asks for no key, though there is one, is told', async () => {
  const found = await examined({}, key)
  expect(found['key of clients']).toEqual([
    'wrong',
    expect.stringContaining('without one'),
    expect.any(String),
  ])
})

test('a key that no subprotocol can have is told, and not shown', async () => {
  const odd = `${key} (odd)`
  const found = await examined({ AUTH_TOKEN: odd }, odd)
  expect(found['OpenAI Realtime']).toEqual([
    'note',
    'AUTH_TOKEN has letters that browsers cannot send there',
    expect.any(String),
  ])
})
