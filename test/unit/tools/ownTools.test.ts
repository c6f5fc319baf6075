import { expect, test } from 'vitest'
import { modelsTool } from '../../../server/tools/own/modelsTool.ts'
import { timeTool } from '../../../server/tools/own/timeTool.ts'

const never = new AbortController().signal
const user = {
  turnId: 't',
  roomBytes: 1e6,
  models: { speech: null, language: 'm:1b-q4_0', voice: 'flite:slt' },
  session: null,
}

test('tells the local time with date, weekday and zone', async () => {
  const tool = timeTool(() => new Date(2026, 10, 28, 22, 5))
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
  const told = await tool.run({}, never, user)
  expect(told).toMatch(/^It is Saturday, November 28, 2026 at 10:05\sPM /)
  expect(told).toContain(timeZone)
})

test('tells what the assistant runs on', async () => {
  expect(await modelsTool.run({}, never, user)).toBe(
    'The question was typed, the answer comes from m:1b-q4_0, the voice is flite:slt.',
  )
  const models = { ...user.models, speech: 'whisper-tiny.en-q8_0' }
  expect(await modelsTool.run({}, never, { ...user, models })).toMatch(
    /^The question was heard by whisper-tiny/,
  )
})
