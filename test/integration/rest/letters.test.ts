import { describe, expect, test } from 'vitest'
import type { StoredTurn } from '../../../server/protocol/record.ts'
import type { TurnAnswer } from '../../../server/protocol/turns.ts'
import { askText } from '../../support/http.ts'
import { startTestApp, type TestApp } from '../../support/testApp.ts'

describe('a reply in letters that the voice cannot say', () => {
  const spoken = (server: TestApp) => server.calls.filter(call => call.startsWith('speak '))

  test('is told, and heard to be one', async () => {
    const server = await startTestApp({ script: { reply: ['Привет, ', 'как дела?'] } })
    const answer: TurnAnswer = (
      await askText(server.app, { text: 'Say hello in Russian.', voice: 'flite:slt' })
    ).json()
    expect(answer).toMatchObject({
      reply: 'Привет, как дела?',
      hints: [{ hint: 'other-script', message: expect.stringContaining('flite:slt') }],
    })
    expect(spoken(server)).toEqual(['speak My answer is in letters that I cannot say. You can read it.'])
    const stored: StoredTurn = (await server.app.inject(`/v1/turns/${answer.turnId}`)).json()
    expect(stored.heardText).toBe('Привет, как дела?')
  })

  test('in part, is told, and the rest is said', async () => {
    const server = await startTestApp({ script: { reply: ['Hello is Привет in Russian.'] } })
    const answer: TurnAnswer = (await askText(server.app, { text: 'Say it.', voice: 'flite:slt' })).json()
    expect(answer.hints).toMatchObject([{ hint: 'other-script' }])
    expect(spoken(server)).toEqual(['speak Hello is in Russian.'])
  })

  test.each(['Café Łódź, Straße.', 'Just English.', '2 + 2 = 4 €'])('%s is none', async text => {
    const server = await startTestApp({ script: { reply: [text] } })
    const answer: TurnAnswer = (await askText(server.app, { text: 'Say it.', voice: 'flite:slt' })).json()
    expect(answer.hints).toBeUndefined()
  })
})
