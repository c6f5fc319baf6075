import { expect, test } from 'vitest'
import { QuantvoxError } from '../../../server/errors.ts'
import { ask, askText, clip, wantsEvents } from '../../support/http.ts'
import { startTestApp, type TestApp } from '../../support/testApp.ts'

const said = { transcript: 'Mein Geheimnis ist Zwetschgenmus.', reply: ['Ich verrate', ' kein', ' Powidl.'] }
const typed = 'Noch ein Pflaumenkuchen?'
const secrets = ['Geheimnis', 'Zwetschgenmus', 'Powidl', 'verrate', 'Pflaumenkuchen']

async function start(level: string): Promise<TestApp> {
  return startTestApp({ settings: { LOG_LEVEL: level }, script: said })
}
test.each(['info', 'trace'])('what was said and answered is in no message of the log (%s)', async level => {
  const server = await start(level)
  await ask(server.app)
  await ask(server.app, {}, clip(), wantsEvents)
  await askText(server.app, { text: typed })
  await askText(server.app, { text: typed, voice: 'nobody' })
  server.script.respondError = new QuantvoxError('engine_failed', 'It broke.')
  server.script.respondErrorAfter = 2
  await askText(server.app, { text: typed })
  server.script.respondError = new Error('unforeseen')
  await askText(server.app, { text: typed })
  server.script.synthesizeError = new QuantvoxError('engine_failed', 'flite died.')
  await ask(server.app)

  expect(server.logLines.length).toBeGreaterThanOrEqual(7)
  for (const line of server.logLines) {
    const shown: string = level === 'info' ? line : JSON.parse(line).msg
    for (const secret of secrets) expect(shown).not.toContain(secret)
  }
})

test('a turn is one line that says how it ended, and its request none', async () => {
  const server = await start('info')
  const { turnId } = (await ask(server.app)).json()
  await server.app.inject('/v1/turns')
  expect(server.logLines.map(line => JSON.parse(line))).toEqual([
    expect.objectContaining({ level: 30, turnId, outcome: 'completed', msg: 'turn ended' }),
  ])
})

test('SAVE_TEXT=false keeps the words out of the record as well', async () => {
  const { openTurnStore } = await import('../../../server/record/sqlite/store.ts')
  const server = await start('info')
  server.stages.store = openTurnStore(':memory:', { saveText: false })
  const { turnId, transcript } = (await ask(server.app)).json()
  expect(transcript).toBe(said.transcript)
  const row = await server.stages.store.get(turnId)
  expect(row).toMatchObject({ outcome: 'completed', transcript: null, reply: null, heardText: null })
  for (const secret of secrets) expect(JSON.stringify(row)).not.toContain(secret)
})
