import { describe, expect, test } from 'vitest'
import { createRealtimeApp } from '../../support/realtime/realtimeClient.ts'

describe('a server that stops', () => {
  test('lets a response end, writes its row, and says why it closes', async () => {
    const live = await createRealtimeApp({ script: { tokenMs: 50 }, settings: { STOP_SECONDS: '5' } })
    const { stages } = live
    const rows: string[] = []
    stages.observers.add(
      () =>
        ({ record }) =>
          rows.push(record.outcome),
    )
    const client = await live.connectRealtime()
    client.send({ type: 'response.create' })
    await client.next('response.output_audio.delta')
    const closing = live.app.close()
    expect((await client.next('response.done')).response.status).toBe('completed')
    expect((await client.next('error')).error.code).toBe('shutting_down')
    expect(await client.closed).toBe(1001)
    await closing
    expect(rows).toEqual(['completed'])
  })

  test('takes no further response meanwhile', async () => {
    const live = await createRealtimeApp({ script: { firstTokenMs: 400 }, settings: { STOP_SECONDS: '5' } })
    const client = await live.connectRealtime()
    client.send({ type: 'response.create' })
    await client.next('response.created')
    const closing = live.app.close()
    client.send({ type: 'response.cancel' })
    await client.next('response.done')
    client.send({ type: 'response.create' })
    expect((await client.next('error')).error.code).toBe('shutting_down')
    await closing
    expect(client.types().filter(type => type === 'response.created')).toHaveLength(1)
  })
})

describe('a client that leaves', () => {
  test('leaves the row of what was under way, also beside the conversation', async () => {
    const live = await createRealtimeApp({ script: { firstTokenMs: 5000 } })
    const rows: string[] = []
    live.stages.observers.add(
      () =>
        ({ record }) =>
          rows.push(`${record.source} ${record.outcome}`),
    )
    const client = await live.connectRealtime()
    const item = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'A title?' }] }
    client.send({ type: 'response.create', response: { conversation: 'none', input: [item] } })
    client.send({ type: 'response.create' })
    await client.next('response.created')
    await client.next('response.created')
    client.socket.terminate()
    await expect.poll(() => rows, { timeout: 5000 }).toEqual(['realtime interrupted', 'realtime interrupted'])
    await live.app.close()
    expect(live.replying()).toBe(0)
  })
})
