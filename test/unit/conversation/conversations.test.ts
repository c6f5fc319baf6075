import { describe, expect, test } from 'vitest'
import { createConversations, type RecordedTurn } from '../../../server/conversation/conversations.ts'
import { createTokenEstimator } from '../../../server/conversation/tokenEstimate.ts'

const minuteMs = 60_000

let turns = 0
const nextTurn = () => `turn-${++turns}`

function conversations(maxConversations = 200, isShared = false) {
  // lru-cache takes 0 for "no start time".
  const clock = { ms: 1 }
  const recorded = new Map<string, RecordedTurn[]>()
  return {
    clock,
    recorded,
    all: createConversations({
      maxConversations,
      idleMs: 30 * minuteMs,
      isShared,
      recorded: async id => (recorded.get(id) ?? []).map(turn => ({ ...turn })),
      now: () => clock.ms,
    }),
  }
}

describe('a conversation', () => {
  test('what is said of its own accord stands behind the last reply', () => {
    const conversation = conversations().all.open('a')
    conversation.announced('Nobody asked.')
    conversation.append('Hello?', 'Hi.', nextTurn())
    conversation.announced(' The timer is over. ')
    conversation.announced('')
    conversation.append('And?', '', nextTurn())
    conversation.announced('Once more.')
    expect(conversation.turns()).toEqual([
      { user: 'Hello?', heard: 'Hi. The timer is over.' },
      { user: 'And?', heard: 'Once more.' },
    ])
  })

  test('without an id gets a UUIDv7', () => {
    const { all } = conversations()
    expect(all.open().id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
    expect(all.open().id).not.toBe(all.open().id)
  })
  test('with an unknown id starts under that id', () => {
    const { all } = conversations()
    expect(all.open('kitchen')).toMatchObject({ id: 'kitchen' })
    expect(all.open('kitchen').turns()).toEqual([])
  })
  test('goes on when it is opened again', () => {
    const { all } = conversations()
    const { id, append } = all.open()
    append(' Hello? ', ' Hi. ', nextTurn())
    append('And?', '', nextTurn())
    expect(all.open(id).turns()).toEqual([
      { user: 'Hello?', heard: 'Hi.' },
      { user: 'And?', heard: '' },
    ])
  })
  test('keeps no turn in which nothing was said', () => {
    const conversation = conversations().all.open()
    conversation.append('  ', 'Hi.', nextTurn())
    expect(conversation.turns()).toEqual([])
  })
  test('that went on elsewhere takes in what was said there, once, behind what it has', async () => {
    const { all, recorded } = conversations(200, true)
    const kitchen = all.open('kitchen')
    kitchen.append('Hello?', 'Hi.', 'own-1')
    const own = { turnId: 'own-1', user: 'Hello?', heard: 'Hi.' }
    const elsewhere = { turnId: 'other-1', user: 'And you?', heard: 'Well.' }
    recorded.set('kitchen', [own, elsewhere])
    for (let times = 0; times < 2; times++) await all.recall('kitchen')
    expect(all.open('kitchen')).toBe(kitchen)
    const both = [
      { user: 'Hello?', heard: 'Hi.' },
      { user: 'And you?', heard: 'Well.' },
    ]
    expect(kitchen.turns()).toEqual(both)
    // Its row may come before it is remembered here.
    kitchen.append('And you?', 'Well.', 'other-1')
    expect(kitchen.turns()).toEqual(both)
    recorded.set('kitchen', [own, elsewhere, { turnId: 'other-2', user: 'Bye.', heard: 'Bye.' }])
    await all.catchUp(kitchen)
    expect(kitchen.turns()).toEqual([...both, { user: 'Bye.', heard: 'Bye.' }])
  })
  test('that a session has open hears what was said elsewhere also after it was forgotten', async () => {
    const { all, recorded, clock } = conversations(200, true)
    const kitchen = all.open('kitchen')
    kitchen.append('Hello?', 'Hi.', 'own-1')
    clock.ms += 31 * minuteMs
    recorded.set('kitchen', [{ turnId: 'other-1', user: 'And you?', heard: 'Well.' }])
    await all.catchUp(kitchen)
    kitchen.append('Still there?', 'Yes.', 'own-2')
    expect(all.open('kitchen').turns()).toHaveLength(3)
  })
  test('that was forgotten goes on with what the record has of it, once it is recalled', async () => {
    const { all, recorded } = conversations()
    recorded.set('kitchen', [{ turnId: nextTurn(), user: 'Hello?', heard: 'Hi.' }])
    await all.recall(undefined)
    await all.recall('kitchen')
    all.open('kitchen').append('And?', 'Well.', nextTurn())
    recorded.set('kitchen', [])
    await all.recall('kitchen')
    expect(all.open('kitchen').turns()).toEqual([
      { user: 'Hello?', heard: 'Hi.' },
      { user: 'And?', heard: 'Well.' },
    ])
  })
  test('that is deleted is forgotten where it is open, too', () => {
    const { all } = conversations()
    const open = all.open('kitchen')
    open.append('Hello?', 'Hi.', nextTurn())
    all.forget('kitchen')
    all.forget('unknown')
    expect(open.turns()).toEqual([])
    expect(all.open('kitchen')).not.toBe(open)
  })
  test('is forgotten 30 minutes after its last turn', () => {
    const { all, clock } = conversations()
    all.open('a').append('x', 'y', nextTurn())
    clock.ms += 20 * minuteMs
    all.open('a').append('x', 'y', nextTurn())
    clock.ms += 29 * minuteMs
    expect(all.open('a').turns()).toHaveLength(2)
    clock.ms += 2 * minuteMs
    expect(all.count()).toBe(0)
    expect(all.open('a').turns()).toEqual([])
  })
  test('comes back with a turn of a session that still had it open', () => {
    const { all, clock } = conversations()
    const held = all.open('a')
    held.append('x', 'y', nextTurn())
    clock.ms += 31 * minuteMs
    held.append('z', 'w', nextTurn())
    expect(all.open('a').turns()).toHaveLength(2)
  })
  test('is forgotten when too many others were used since', () => {
    const { all } = conversations(2)
    for (const id of ['a', 'b']) all.open(id).append(id, id, nextTurn())
    all.open('a')
    all.open('c')
    expect(all.count()).toBe(2)
    expect(all.open('a').turns()).toHaveLength(1)
    expect(all.open('b').turns()).toEqual([])
  })
})

describe('its prompt', () => {
  const options = { systemPrompt: 'sys', userText: 'And now?', contextTokens: 400, reserveTokens: 100 }

  test('forgets for good what no longer fits, so that the beginning stays the same for a while', () => {
    const conversation = conversations().all.open()
    let before = ''
    let cuts = 0
    for (let i = 0; i < 40; i++) {
      const messages = conversation.prompt({ ...options, userText: `Question ${i}, if I may?` })
      const text = JSON.stringify(messages).slice(0, -2)
      if (!text.startsWith(before)) cuts += 1
      before = text
      conversation.append(`Question ${i}, if I may?`, `Answer ${i}, you are welcome.`, nextTurn())
    }
    expect(conversation.turns().length).toBeLessThan(20)
    expect(cuts).toBeGreaterThan(3)
    expect(cuts).toBeLessThan(20)
  })
  test('leaves the history alone when the text is too long', () => {
    const conversation = conversations().all.open()
    conversation.append('a', 'b', nextTurn())
    expect(() => conversation.prompt({ ...options, userText: 'x'.repeat(3000) })).toThrow('have room')
    expect(conversation.turns()).toHaveLength(1)
  })
  test('learns from the real token counts of its own turns', () => {
    const conversation = conversations().all.open()
    const long = 'word '.repeat(200)
    expect(() => conversation.prompt({ ...options, userText: long })).toThrow(
      expect.objectContaining({ code: 'context_exceeded' }),
    )
    const messages = conversation.prompt(options)
    conversation.observe(messages, 15)
    expect(conversation.prompt({ ...options, userText: long })).toHaveLength(2)
  })
})

describe('the token estimate', () => {
  const english = [{ role: 'user' as const, content: 'The quick brown fox jumps over the lazy dog.' }]

  test('is on the safe side for English and for other scripts', () => {
    const { estimate } = createTokenEstimator()
    expect(estimate(english)).toBeGreaterThanOrEqual(10)
    expect(estimate([{ role: 'user', content: '敏捷的棕色狐狸' }])).toBeGreaterThanOrEqual(7)
  })
  test('follows the real count, a little above it', () => {
    const { estimate, observe } = createTokenEstimator()
    observe(english, 30)
    expect(estimate(english)).toBeGreaterThanOrEqual(30)
    expect(estimate(english)).toBeLessThan(40)
    observe(english, 20)
    expect(estimate(english)).toBeLessThan(25)
  })
  test('ignores a count that is missing or absurd', () => {
    const { estimate, observe } = createTokenEstimator()
    const first = estimate(english)
    observe(english, null)
    observe(english, 0)
    observe([], 5)
    expect(estimate(english)).toBe(first)
    observe(english, 100_000)
    expect(estimate(english)).toBeLessThan(first * 5)
    observe(english, 1)
    expect(estimate(english)).toBeGreaterThan(first * 0.4)
  })
})
