import { describe, expect, test } from 'vitest'
import { takeFloor } from '../../../server/session/floor/floor.ts'
import { afterWakeWord } from '../../../server/session/questions/wakeWord.ts'
import { exploreFloor, type Transition } from '../../support/session/exploreFloor.ts'

describe('what is said after a wake word', () => {
  test.each([
    ['Hey Jarvis, what time is it?', 'What time is it?'],
    ['"Hey Jarvis," what time is it?', 'What time is it?'],
    ['Hey, Travis. Play some music.', 'Play some music.'],
    ['They jarviced. Hero of the world', 'Hero of the world'],
    ['and so on. Hey Jarvis stop', 'Stop'],
    ['Hey Jarvis.', ''],
    ['Hey Jar', ''],
    ['Hey', ''],
    ['What time is it in London?', 'What time is it in London?'],
    ['', ''],
  ])('that was heard: %s', (text, expected) => expect(afterWakeWord(text, 'hey-jarvis', true)).toBe(expected))

  test.each([
    ['Hey, Jarvis, and tomorrow?', 'And tomorrow?'],
    ['What time is it, Jarvis?', 'What time is it, Jarvis?'],
    ['Hey, there is the harvest.', 'Hey, there is the harvest.'],
    ['Have you heard of Jarvis?', 'Have you heard of Jarvis?'],
    ['He', 'He'],
  ])('that was not: %s', (text, expected) => expect(afterWakeWord(text, 'hey-jarvis', false)).toBe(expected))

  test('of one word', () => {
    expect(afterWakeWord('Alexa, turn on the light.', 'alexa', true)).toBe('Turn on the light.')
    expect(afterWakeWord('Turn on the light.', 'alexa', true)).toBe('Turn on the light.')
  })
})

describe('a floor in wake-word mode', () => {
  const wrong: string[] = []
  const told = (found: string, transition: Transition) =>
    wrong.push(`${found}: ${JSON.stringify(transition)}`)
  // A turn may be in as many states awake as not: more than two of them are too many to walk.
  const states = exploreFloor(
    { plays: true, leavesReplies: false, answering: 'at-once', bargeInMs: 250 },
    2,
    transition => {
      const { before, event, after, effects } = transition
      const isAsleep = after.wake === 'asleep'
      if (after.closing === 'left') return
      if (isAsleep && after.stretches.some(({ committed }) => !committed))
        told('it listens in its sleep', transition)
      const falls = effects.some(({ type }) => type === 'fall-asleep')
      if (falls !== (isAsleep && before.wake !== 'asleep')) told('it sleeps and does not tell', transition)
      if (falls && after.turns.length > 0) told('it falls asleep in mid-turn', transition)
      const isWoken = event.type === 'woken' && before.closing === null
      if (isWoken && after.wake !== 'awake') told('it does not wake', transition)
      if (before.wake === 'asleep' && event.type !== 'woken' && !isAsleep)
        told('something else wakes it', transition)
      if (after.wake === 'sleepy' && after.turns.length === 0 && after.stretches.every(s => !s.committed))
        told('it never falls asleep', transition)
    },
    'wake-word',
  )

  test('listens while it is awake and at no other time, and every being awake ends', () => {
    expect(wrong.slice(0, 3)).toEqual([])
    expect(new Set([...states.values()].map(({ wake }) => wake))).toEqual(
      new Set(['asleep', 'awake', 'sleepy', null]),
    )
  })

  test('stays awake for 8 s after an answer, and not after noise', () => {
    const awake = [...states.values()].find(
      ({ wake, turns, closing }) => wake === 'sleepy' && closing === null && turns.length === 1,
    )
    const [turn] = awake?.turns ?? []
    if (awake === undefined || turn === undefined) throw new Error('there is no such state')
    const over = (asked: boolean) =>
      takeFloor(
        { ...awake, turns: [{ ...turn, phase: 'writing', asked, stop: null, error: null }], stretches: [] },
        { type: 'written', turnId: turn.id },
      )
    expect(over(true)).toMatchObject({ state: { wake: 'awake' } })
    expect(over(true).effects).toContainEqual({ type: 'stay-awake', ms: 8000 })
    expect(over(false)).toMatchObject({ state: { wake: 'asleep' } })
  })
})
