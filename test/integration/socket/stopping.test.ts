import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { createLiveApp, type LiveApp } from '../../support/fakes/fakeLive.ts'

let live: LiveApp
afterEach(async () => {
  await live.app.close()
})

const patient = { settings: { STOP_SECONDS: '20' } }

/** The types after the first of `from`; partial transcripts come or not. */
const since = (client: { types(): string[] }, from: string) => {
  const types = client.types()
  return types.slice(types.indexOf(from)).filter(type => !['binary', 'transcript.partial'].includes(type))
}

describe('a server that stops', () => {
  test('lets a reply end, even a long one, tells its session, and closes with 1001', async () => {
    live = await createLiveApp({ ...patient, script: { tokenMs: 2_000 } })
    const client = await live.connect({ voice: 'none' })
    client.send({ type: 'text', text: 'Well?' })
    await client.next('reply.delta')
    const closing = live.app.close()
    await sleep(8_000)
    expect(await client.next('turn.done')).toMatchObject({
      outcome: 'completed',
      heardText: 'It is ten past nine. Good evening.',
    })
    expect(await client.next('error')).toMatchObject({ code: 'shutting_down', recoverable: false })
    expect(await client.closed).toBe(1001)
    await closing
  })

  test('lets a question that is being said be asked and answered', async () => {
    live = await createLiveApp(patient)
    const client = await live.connect({ voice: 'none' })
    client.say(800)
    await client.next('speech.started')
    const closing = live.app.close()
    client.silence(600)
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'completed' })
    expect(await client.closed).toBe(1001)
    await closing
    expect(since(client, 'reply.done')).toEqual(['reply.done', 'turn.done', 'error'])
  })

  test('begins no further turn, but lets the user interrupt', async () => {
    live = await createLiveApp({ ...patient, script: { tokenMs: 5000 } })
    const client = await live.connect()
    client.send({ type: 'text', text: 'Well?' })
    await client.next('reply.delta')
    const closing = live.app.close()
    await sleep(50)
    client.say(800)
    client.silence(600)
    expect(await client.next('turn.done')).toMatchObject({ outcome: 'interrupted' })
    expect(await client.closed).toBe(1001)
    await closing
    expect(client.types()).not.toContain('speech.started')
  })

  test('hangs up at once on who asks anew, and on who has no turn', async () => {
    live = await createLiveApp({ ...patient, script: { tokenMs: 5000 } })
    const [asking, idle] = [await live.connect(), await live.connect()]
    asking.send({ type: 'text', text: 'Well?' })
    await asking.next('reply.delta')
    const closing = live.app.close()
    expect(await idle.closed).toBe(1001)
    asking.send({ type: 'text', text: 'And now?' })
    expect(await asking.closed).toBe(1001)
    await closing
    expect(live.logLines.filter(line => line.includes('turn ended'))).toHaveLength(1)
  })

  test('takes no session any more', async () => {
    live = await createLiveApp({ ...patient, script: { tokenMs: 5000 } })
    const client = await live.connect()
    client.send({ type: 'text', text: 'Well?' })
    await client.next('reply.delta')
    const closing = live.app.close()
    await sleep(20)
    await expect(live.connect()).rejects.toThrow('503')
    client.leave()
    await closing
  })

  test('waits no longer than STOP_SECONDS, and then writes the rows of turns that it breaks off', async () => {
    live = await createLiveApp({ settings: { STOP_SECONDS: '1' }, script: { tokenMs: 60_000 } })
    const client = await live.connect()
    client.send({ type: 'text', text: 'Well?' })
    const { turnId } = await client.next('reply.delta')
    const from = performance.now()
    const closing = live.app.close()
    expect(await client.next('error')).toMatchObject({ code: 'shutting_down', recoverable: false })
    expect(performance.now() - from).toBeGreaterThan(900)
    expect(await client.closed).toBe(1001)
    await closing
    const ended = live.logLines.find(line => line.includes('turn ended'))
    expect(JSON.parse(ended ?? '{}')).toMatchObject({ turnId, outcome: 'interrupted' })
  })
})
