import { expect, test } from 'vitest'
import { recordedTurns } from '../../../server/assembly/record/recordedTurns.ts'
import type { TurnRecord, TurnText } from '../../../server/protocol/record.ts'
import { createMemoryTurnStore } from '../../support/record/memoryTurnStore.ts'
import { makeTurn } from '../../support/record/records.ts'

const conversationId = 'kitchen'

/** Turns of one conversation, and one of another after them. */
function storeOf(...turns: [text: Partial<TurnText>, change?: Partial<TurnRecord>][]) {
  const store = createMemoryTurnStore()
  const nothing = { transcript: null, reply: null, heardText: null }
  for (const [i, [text, change]] of turns.entries())
    store.insert(makeTurn(i, { outcome: 'completed', errorCode: null, conversationId, ...change }).record, {
      ...nothing,
      ...text,
    })
  store.insert(makeTurn(90, { conversationId: 'garden' }).record, { ...nothing, transcript: 'Is it dry?' })
  return store
}

const recall = async (store: ReturnType<typeof storeOf>) =>
  (await recordedTurns(() => store)(conversationId, () => false)).map(({ user, heard }) => ({ user, heard }))

test('the turns that were in the history come back, oldest first', async () => {
  const store = storeOf(
    [{ transcript: 'One?', heardText: 'First.' }],
    [{ transcript: 'Broken?', heardText: null }, { outcome: 'failed' }],
    [{ transcript: 'Silent?', heardText: '' }, { outcome: 'failed' }],
    [{ transcript: 'Empty?', heardText: '' }, { errorCode: 'empty_reply' }],
    [{ transcript: 'No question', heardText: null }, { outcome: 'discarded' }],
    [{ transcript: '', heardText: null }, { outcome: 'no-speech' }],
    [{ transcript: 'Two?', heardText: 'Sec' }, { outcome: 'interrupted' }],
    [{ transcript: 'Given up?', heardText: null }, { outcome: 'interrupted' }],
    [{ transcript: 'Never mind.', heardText: null }],
  )
  expect(await recall(store)).toEqual([
    { user: 'One?', heard: 'First.' },
    { user: 'Two?', heard: 'Sec' },
    { user: 'Never mind.', heard: '' },
  ])
})

test('what was said unasked stands behind the answer before it', async () => {
  const store = storeOf(
    [{ heardText: 'Nobody heard what was before.' }],
    [{ transcript: 'A timer?', heardText: 'Yes.' }],
    [{ heardText: 'Time is up.' }],
  )
  expect(await recall(store)).toEqual([{ user: 'A timer?', heard: 'Yes. Time is up.' }])
})

test('of a pair only the answer is there that the conversation went on with', async () => {
  const pair = (askedAs: number, goesOn?: boolean) => ({
    pair: { pairId: 'p', askedAs, ...(goesOn === undefined ? {} : { goesOn }) },
  })
  const store = storeOf(
    [{ transcript: 'Old?', heardText: 'First.' }, pair(1)],
    [{ transcript: 'Old?', heardText: 'Second.' }, pair(2)],
    [{ transcript: 'New?', heardText: 'First.' }, pair(1, false)],
    [{ transcript: 'New?', heardText: 'Second.' }, pair(2, true)],
  )
  expect((await recall(store)).map(({ heard }) => heard)).toEqual(['First.', 'Second.'])
})

test('a record that cannot be read keeps nobody from going on', async () => {
  const store = { ...createMemoryTurnStore(), list: () => Promise.reject(new Error('damaged')) }
  expect(await recall(store)).toEqual([])
})

test('a record that does not answer keeps nobody waiting', { timeout: 10_000 }, async () => {
  const store = { ...createMemoryTurnStore(), list: () => new Promise<never>(() => {}) }
  expect(await recall(store)).toEqual([])
})

test('a record that did not answer is not waited for again until it does', { timeout: 10_000 }, async () => {
  const answer = Promise.withResolvers<never>()
  const real = storeOf([{ transcript: 'One?', heardText: 'First.' }])
  let asked = 0
  const store = { ...real, list: () => (asked++ === 0 ? answer.promise : real.list({}, 50)) }
  const recorded = recordedTurns(() => store)
  for (let turn = 0; turn < 3; turn++) expect(await recorded(conversationId, () => false)).toEqual([])
  expect(asked).toBe(1)
  answer.reject(new Error('at last'))
  await expect.poll(() => recorded(conversationId, () => false)).not.toEqual([])
})

test('of a conversation whose last turn is known nothing more is read', async () => {
  const store = storeOf(
    [{ transcript: 'One?', heardText: 'First.' }],
    [{ transcript: 'Two?', heardText: 'Second.' }],
  )
  const limits: number[] = []
  const watched = {
    ...store,
    list: (...[filters, limit, cursor]: Parameters<typeof store.list>) => {
      limits.push(limit)
      return store.list(filters, limit, cursor)
    },
  }
  const recorded = recordedTurns(() => watched)
  const all = await recorded(conversationId, () => false)
  const [first, last] = all.map(({ turnId }) => turnId)
  expect(all).toHaveLength(2)
  limits.length = 0
  expect(await recorded(conversationId, turnId => turnId === last)).toEqual([])
  expect(limits).toEqual([1])
  expect(await recorded(conversationId, turnId => turnId === first)).toEqual(all)
})
