import { describe, expect, test } from 'vitest'
import { createLevel } from '../../../client/audio/level.ts'
import { createPlayout } from '../../../client/audio/playout.ts'
import { createSpokenLength } from '../../../client/audio/spokenLength.ts'
import { type HintFacts, hintFor } from '../../../client/talk/hints.ts'
import { outlineOf } from '../../../client/talk/shape/outline.ts'
import { endpointingOf, readSettings, usualSettings } from '../../../client/talk/talkSettings.ts'
import { type TalkFacts, talkState } from '../../../client/talk/talkState.ts'

describe('the playout clock', () => {
  test('pieces follow each other, and a late one leaves a gap that is no playing', () => {
    const playout = createPlayout(0.05)
    expect(playout.positionMs(10)).toBe(0)
    expect(playout.append(10, 0.1)).toBeCloseTo(10.05)
    expect(playout.append(10.01, 0.1)).toBeCloseTo(10.15)
    expect(playout.positionMs(10.04)).toBe(0)
    expect(playout.positionMs(10.2)).toBeCloseTo(150)
    expect(playout.positionMs(11)).toBeCloseTo(200)
    expect(playout.append(11, 0.1)).toBeCloseTo(11.05)
    expect(playout.positionMs(11.1)).toBeCloseTo(250)
    expect(playout.endsAt()).toBeCloseTo(11.15)
  })

  test('stands still when it is stopped, and goes on with what comes next', () => {
    const playout = createPlayout(0.05)
    playout.append(10, 1)
    playout.append(10, 1)
    playout.stop(10.55)
    expect(playout.positionMs(13)).toBeCloseTo(500)
    expect(playout.append(13, 0.5)).toBeCloseTo(13.05)
    expect(playout.positionMs(13.15)).toBeCloseTo(600)
    expect(playout.endsAt()).toBeCloseTo(13.55)
  })
})

describe('a hint', () => {
  const facts: HintFacts = {
    ...{ state: 'speaking', settings: { ...usualSettings }, microphone: 'on', failure: null, held: null },
    ...{ wakeWord: 'Hey Jarvis', waiting: null, silentForMs: 0, isTouch: false },
  }

  test('names a key only where there may be one', () => {
    expect(hintFor(facts)).toBe('Talk over it, or press Esc, to stop it.')
    expect(hintFor({ ...facts, isTouch: true })).toBe('Talk over it, or tap, to stop it.')
    expect(hintFor({ ...facts, state: 'thinking', isTouch: true })).toBe('Tap the button to stop it.')
    const settings = { ...usualSettings, mode: 'push-to-talk' as const }
    for (const state of ['speaking', 'hearing', 'thinking', 'answering'] as const)
      expect(hintFor({ ...facts, state, settings, isTouch: true })).not.toContain('Esc')
  })
})

describe('the outline of the shape', () => {
  const points = (levels: number[]) =>
    [...outlineOf(levels, 50, 20).matchAll(/Q(-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => [
      Number(x),
      Number(y),
    ])

  test('is a circle in silence, and reaches as far as the level, the newest at the top', () => {
    for (const [x = 0, y = 0] of points([0, 0, 0, 0, 0])) expect(Math.hypot(x, y)).toBeCloseTo(50, 0)
    const [top, , , , bottom] = points([1, 0.5, 0, 0, 0.25])
    expect(top).toEqual([0, -70])
    expect(bottom).toEqual([0, 55])
  })

  test('is the same on both sides', () => {
    const all = points([0.9, 0.1, 0.7, 0.3])
    for (const [x = 0, y = 0] of all) expect(all).toContainEqual([x === 0 ? 0 : -x, y])
  })
})

describe('the level of the microphone', () => {
  test('is loudness as it is felt, and falls when nothing comes', () => {
    const level = createLevel()
    level.frame(0.1, 0)
    const loud = level.at(0)
    expect(loud).toBeGreaterThan(0.5)
    expect(loud).toBeLessThan(1)
    expect(level.at(100)).toBeLessThan(loud)
    expect(level.at(1000)).toBe(0)
  })

  test('frames flow as long as they come', () => {
    const level = createLevel()
    expect(level.flows(0)).toBe(false)
    level.frame(0.1, 100)
    expect(level.flows(600)).toBe(true)
    expect(level.flows(1000)).toBe(false)
  })

  test('exact silence is told from a quiet room', () => {
    const level = createLevel()
    for (let ms = 0; ms <= 5000; ms += 20) level.frame(0, ms)
    expect(level.silentForMs(5000)).toBe(5000)
    level.frame(0.0001, 5020)
    expect(level.silentForMs(5040)).toBe(0)
  })
})

describe('the state of talking', () => {
  const on: TalkFacts = {
    microphone: 'on',
    connection: 'open',
    mode: 'hands-free',
    awake: false,
    muted: false,
    held: null,
    framesFlow: true,
    phase: 'none',
    speaks: true,
    loadingModel: false,
  }
  test.each([
    [{}, 'Listening'],
    [{ framesFlow: false }, 'No signal'],
    [{ framesFlow: false, phase: 'hearing' }, 'No signal'],
    [{ held: 'sound', framesFlow: false }, 'Sound held'],
    [{ held: 'sound', phase: 'speaking' }, 'Sound held'],
    [{ held: 'microphone' }, 'Sound held'],
    [{ held: 'microphone', phase: 'speaking' }, 'Speaking'],
    [{ connection: 'blocked' }, 'Typing only'],
    [{ connection: 'blocked', phase: 'thinking' }, 'Thinking'],
    [{ muted: true }, 'Muted'],
    [{ mode: 'push-to-talk' }, 'Ready'],
    [{ mode: 'wake-word' }, 'Waiting'],
    [{ mode: 'wake-word', awake: true }, 'Listening'],
    [{ mode: 'wake-word', phase: 'speaking' }, 'Speaking'],
    [{ phase: 'hearing' }, 'Hearing you'],
    [{ phase: 'transcribing' }, 'Transcribing'],
    [{ phase: 'thinking' }, 'Thinking'],
    [{ phase: 'thinking', loadingModel: true }, 'Loading a model'],
    [{ phase: 'answering' }, 'Thinking'],
    [{ phase: 'answering', speaks: false }, 'Answering'],
    [{ phase: 'speaking', framesFlow: false }, 'Speaking'],
    [{ connection: 'waiting', phase: 'speaking' }, 'Reconnecting'],
    [{ connection: 'connecting' }, 'Starting'],
    [{ connection: 'closed' }, 'Starting'],
    [{ microphone: 'starting', framesFlow: false }, 'Starting'],
    [{ microphone: 'off', framesFlow: false }, 'Off'],
    [{ microphone: 'off', framesFlow: false, connection: 'connecting' }, 'Off'],
    [{ microphone: 'failed', framesFlow: false }, 'No microphone'],
  ] as [Partial<TalkFacts>, string][])('%o is "%s"', (change, word) => {
    expect(talkState({ ...on, ...change }).word).toBe(word)
  })
})

test.each([
  [{ ending: null, silenceMs: null }, {}],
  [{ ending: null, silenceMs: 700 }, { silenceMs: 700 }],
  [
    { ending: 'silence', silenceMs: 700 },
    { mode: 'silence', silenceMs: 700 },
  ],
  [
    { ending: 'patient', silenceMs: null },
    { mode: 'learned', preset: 'patient' },
  ],
  [
    { ending: 'fast', silenceMs: 700 },
    { mode: 'learned', preset: 'fast', silenceMs: 700 },
  ],
] as const)('%o is told as %o', (settings, told) => {
  expect(endpointingOf(settings)).toEqual(told)
})

describe('kept settings', () => {
  const kept = (text: string) => readSettings(() => ({ getItem: () => text }))

  test('what is valid counts, name by name', () => {
    expect(kept('{"mode":"push-to-talk","silenceMs":700,"press":"kick","extra":1}')).toEqual({
      ...usualSettings,
      mode: 'push-to-talk',
      silenceMs: 700,
    })
  })

  test.each(['', 'null', '[]', '"x"', '{', '{"silenceMs":1}', '{"toString":1}'])('%s is as usual', text => {
    expect(kept(text)).toEqual(usualSettings)
  })
})

describe('how far a reply was spoken', () => {
  const reply = 'One two three four.'

  test('grows with the audio, word by word, and is whole at its end', () => {
    const spoken = createSpokenLength()
    spoken.begin('a')
    expect(spoken.at('a', 0, reply)).toBe(0)
    expect(reply.slice(0, spoken.at('a', 5 * 65, reply))).toBe('One two')
    spoken.reply(reply.length)
    spoken.complete(1000)
    expect(reply.slice(0, spoken.at('a', 500, reply))).toBe('One two three')
    expect(spoken.at('a', 1000, reply)).toBe(reply.length)
    expect(spoken.at('b', 1000, reply)).toBe(0)
  })

  test('goes by words in a script without spaces, too, and cuts no sign in two', () => {
    const spoken = createSpokenLength()
    spoken.begin('a')
    const japanese = '今何時ですか。もうすぐ九時です。'
    const heard = japanese.slice(0, spoken.at('a', 3 * 65, japanese))
    expect(heard.length).toBeGreaterThanOrEqual(3)
    expect(heard.length).toBeLessThan('今何時ですか。'.length)
    const faces = '👩‍💻👩‍💻👩‍💻'
    for (let letters = 1; letters <= faces.length; letters++)
      expect(spoken.at('a', letters * 65, faces) % '👩‍💻'.length).toBe(0)
  })
})
