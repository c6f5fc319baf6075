import { describe, expect, test } from 'vitest'
import { type Before, createColdness } from '../../../server/llm/coldness.ts'

const warm: Before = { loaded: true, contextTokens: 4096, remote: null }
const other: Before = { loaded: true, contextTokens: 8192, remote: null }
const absent: Before = { loaded: false, contextTokens: null, remote: null }

describe('a turn is cold', () => {
  test('where it paid for a reload with another context window, although the model was loaded', () => {
    const coldness = createColdness(4096)
    expect([coldness.expected(other), coldness.expected(warm), coldness.expected(absent)]).toEqual([
      true,
      false,
      true,
    ])
    for (const loadMs of [1200, 1500, 1800, 2000]) expect(coldness.paid('m', other, loadMs)).toBe(true)
    expect(coldness.paid('m', absent, 400)).toBe(true)
  })

  test('where it paid, whatever was listed before', () => {
    const coldness = createColdness(4096)
    for (const loadMs of [30, 40, 35]) expect(coldness.paid('m', warm, loadMs)).toBe(false)
    expect(coldness.paid('m', warm, 400)).toBe(true)
    expect(coldness.paid('m', absent, 30)).toBe(false)
    expect(coldness.paid('m', { ...warm, contextTokens: null }, 1500)).toBe(true)
  })

  test('by the level of its own model, where loaded ones take long, too', () => {
    const coldness = createColdness(4096)
    for (const loadMs of [300, 320, 310]) coldness.paid('slow', warm, loadMs)
    expect(coldness.paid('slow', warm, 330)).toBe(false)
    expect(coldness.paid('slow', warm, 1500)).toBe(true)
    expect(coldness.paid('other', warm, 330)).toBe(true)
  })

  test('each time that others had it loaded with our window and other options, which nothing tells before', () => {
    const coldness = createColdness(4096)
    expect(coldness.paid('m', absent, 1000)).toBe(true)
    // Ollama 0.17.4, SmolLM2 135M, num_thread of others: 1.
    for (const loadMs of [1273, 1038, 803, 807, 1179, 1366])
      expect(coldness.paid('m', warm, loadMs)).toBe(true)
    expect(coldness.paid('m', warm, 40)).toBe(false)
    const here = createColdness(4096)
    for (const loadMs of [40, 1038, 803, 807, 1179]) expect(here.paid('m', warm, loadMs)).toBe(loadMs > 40)
  })

  test('by what was listed, where Ollama tells no time', () => {
    const coldness = createColdness(4096)
    expect([coldness.paid('m', warm, null), coldness.paid('m', absent, null)]).toEqual([false, true])
  })

  test('not because the model has a shorter window than was asked for', () => {
    expect(createColdness(4096).expected({ loaded: true, contextTokens: 2048, remote: null })).toBe(false)
  })
})
