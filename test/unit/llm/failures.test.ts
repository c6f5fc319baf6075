import { expect, test } from 'vitest'
import { failedAtWork } from '../../../server/llm/failures.ts'

/** Words of `llm/server.go` of Ollama 0.17.4, and of its runners' ends. */
test.each([
  ['llama runner process has terminated: exit status 2', /died.*memory/],
  ['llama runner process has terminated: signal: illegal instruction', /instructions that this processor/],
  ['model runner has unexpectedly stopped, this may be due to resource limitations', /died.*memory/],
  ['model failed to load, this may be due to resource limitations', /died.*memory/],
  ['an error was encountered while running the model: unexpected EOF', /died.*memory/],
  ['model requires more system memory (30.1 GiB) than is available (22.4 GiB)', /does not fit/],
  ['timed out waiting for llama runner to start - progress 0.00', /hung/],
])('what Ollama says of a runner is told with what it means: %s', (words, meaning) => {
  const error = failedAtWork(`Ollama answered 500: ${words}.`)
  expect(error).toMatchObject({ code: 'engine_failed', meaning: expect.stringMatching(meaning) })
  expect(error.mend).not.toContain('log')
})

test('of what else it says nobody knows more than its log', () => {
  expect(failedAtWork('Ollama answered 500: no.').mend).toContain('log')
})
