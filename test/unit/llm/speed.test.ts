import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { ReplyPart } from '../../../server/llm/respond.ts'
import { type Ask, measureSpeed } from '../../../server/llm/speed.ts'

const never = new AbortController().signal
const done = (evalMs: number | null, promptEvalMs = 40): ReplyPart => ({
  type: 'done',
  statistics: {
    ...{ doneReason: 'length', totalMs: 300, loadMs: 1, promptTokens: 100, cachedPromptTokens: null },
    ...{ promptEvalMs, outputTokens: 16, evalMs },
  },
})

/** Takes `firstTokenMs` to its first token, and says the rest by the number of the question. */
function scripted(evalMs: (question: number) => number | null, firstTokenMs = 0) {
  const asked: string[] = []
  const ask: Ask = async function* (messages, _maxTokens, signal) {
    asked.push(messages.at(-1)?.content ?? '')
    await sleep(firstTokenMs, undefined, { signal })
    yield { type: 'text', text: 'Yes' }
    yield done(evalMs(asked.length - 2))
  }
  return { ask, asked }
}

describe('the speed of a model', () => {
  it('is the median of answers to questions that do not begin alike, after one that only has it read the system prompt', async () => {
    const { ask, asked } = scripted(question => [100, 200, 400, 800, 100, 200, 400][question] ?? 1)
    const speed = await measureSpeed(ask, 'Be brief.', never)
    expect(speed?.tokensPerSecond).toBe(80)
    expect(speed?.promptEvalMs).toBe(40)
    expect(asked).toHaveLength(8)
    expect(new Set(asked.map(question => question.slice(0, 4))).size).toBe(8)
  })

  it('is not told of fewer than three answers in the time', async () => {
    const { ask } = scripted(() => 100, 100)
    expect(await measureSpeed(ask, '', never, 250)).toBeNull()
    const speed = await measureSpeed(ask, '', never, 650)
    expect(speed?.firstTokenMs).toBeGreaterThan(80)
  })

  it('is not told where Ollama gives no figures, and a failure is not taken for slowness', async () => {
    expect(await measureSpeed(scripted(() => null).ask, '', never)).toBeNull()
    const broken: Ask = async function* () {
      yield { type: 'text', text: 'Yes' }
      throw new Error('gone')
    }
    await expect(measureSpeed(broken, '', never)).rejects.toThrow('gone')
  })
})
