import { expect, test } from 'vitest'
import { createPassSigner } from '../../../../server/doors/access/passSigner.ts'
import { createTickets } from '../../../../server/doors/access/tickets.ts'
import { createClientSecrets } from '../../../../server/doors/openai/realtime/secrets.ts'
import type { Passes } from '../../../../server/record/turnStore.ts'
import { quietLog } from '../../../support/quietLog.ts'

const TOKEN = 'a-token-of-some-length'
const signer = () => createPassSigner(TOKEN)
const now = Date.now

/** What PostgreSQL does for all servers. */
function createPasses(): Passes & { ids: () => string[] } {
  const kept = new Map<string, string | null>()
  return {
    ids: () => [...kept.keys()],
    async add(id, content) {
      const isNew = !kept.has(id)
      if (isNew) kept.set(id, content)
      return isNew
    },
    find: async id => kept.get(id) ?? null,
  }
}
const gone = () => Promise.reject(new Error('no connection'))
const away: Passes = { add: gone, find: gone }
const never = () => new Promise<never>(() => {})
const silent: Passes = { add: never, find: never }

test('a ticket is good until 60 s have passed', async () => {
  let nowMs = 1_000
  const tickets = createTickets({ now: () => nowMs })
  const [early, late] = [tickets.issue(), tickets.issue()]
  nowMs += 59_000
  expect(await tickets.redeem(early.ticket)).toBe(true)
  nowMs += 2_000
  expect(await tickets.redeem(late.ticket)).toBe(false)
  // What was used is forgotten when it is over, and stays used.
  expect(await tickets.redeem(early.ticket)).toBe(false)
})

test('a ticket of one server opens a socket of the other, once', async () => {
  const passes = createPasses()
  const [a, b] = [createTickets({ signer: signer(), passes }), createTickets({ signer: signer(), passes })]
  const { ticket } = a.issue()
  expect(await Promise.all([b.redeem(ticket), a.redeem(ticket), b.redeem(ticket)])).toEqual([
    true,
    false,
    false,
  ])
  for (const id of passes.ids()) expect(id).not.toContain(ticket)
})

test('a ticket that is spoiled, of another token or another purpose opens nothing', async () => {
  const tickets = createTickets({ signer: signer() })
  const { ticket } = tickets.issue()
  const spoiled = [...ticket].map(
    (_, i) => ticket.slice(0, i) + (ticket[i] === 'A' ? 'B' : 'A') + ticket.slice(i + 1),
  )
  const later = Buffer.alloc(6)
  later.writeUIntBE(now() + 3_600_000, 0, 6)
  const { value } = await createClientSecrets({ signer: signer() }).issue({}, 60)
  for (const wrong of [
    ...spoiled,
    ...['', 'A', `${ticket}=`, `${ticket}A`, ticket.slice(0, -1), `.${ticket}`],
    createTickets({ signer: createPassSigner('another-token-of-theirs') }).issue().ticket,
    createTickets().issue().ticket,
    createPassSigner(TOKEN).make('something else', later),
    value.slice('ek_'.length),
  ])
    expect([wrong, await tickets.redeem(wrong)]).toEqual([wrong, false])
  expect(await tickets.redeem(ticket)).toBe(true)
})

test.each([
  ['is away', away],
  ['does not answer', silent],
])('while PostgreSQL %s a ticket opens one socket of each server', async (_how, passes) => {
  const log = quietLog()
  const [a, b] = [1, 2].map(() => createTickets({ signer: signer(), passes, log }))
  const { ticket } = a?.issue() ?? { ticket: '' }
  expect(await Promise.all([a?.redeem(ticket), b?.redeem(ticket)])).toEqual([true, true])
  expect(await Promise.all([a?.redeem(ticket), b?.redeem(ticket)])).toEqual([false, false])
  expect(JSON.stringify(log.lines)).not.toContain(ticket)
})

test('a client secret of one server opens sessions of the other, configured as it was', async () => {
  const passes = createPasses()
  const [a, b] = [
    createClientSecrets({ signer: signer(), passes }),
    createClientSecrets({ signer: signer(), passes }),
  ]
  const update = { type: 'realtime' as const, instructions: 'Be kind.' }
  const { value, expires_at } = await a.issue(update, 60)
  expect(b.find(value)).toBeNull()
  await b.recall(value)
  for (const secrets of [a, b]) expect(secrets.find(value)).toEqual({ update, expiresAt: expires_at })
  for (const id of passes.ids()) expect(id).not.toContain(value.slice('ek_'.length))
})

test('of a client secret that no server signed PostgreSQL is not asked', async () => {
  const secrets = createClientSecrets({ signer: signer(), passes: away, log: quietLog() })
  const asked = quietLog()
  const curious = createClientSecrets({ signer: signer(), passes: away, log: asked })
  for (const key of [
    'ek_',
    `ek_${'a'.repeat(43)}`,
    TOKEN,
    `ek_${createTickets({ signer: signer() }).issue().ticket}`,
  ])
    await curious.recall(key)
  expect(asked.lines).toEqual([])
  const { value } = await secrets.issue({}, 60)
  expect(secrets.find(value)?.update).toEqual({})
  await curious.recall(value)
  expect([asked.lines.length, curious.find(value)]).toEqual([1, null])
})
