import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { freePort } from '../../../server/engines/ports.ts'
import type { StoredTurn } from '../../../server/protocol/record.ts'
import { charactersWrong, HEARD_WELL } from '../../support/hearing.ts'
import { clip, startLiveServer } from '../../support/liveServer.ts'
import { pythonWith } from '../../support/pythonWith.ts'

const python = pythonWith('wyoming==1.10.2')

test('Home Assistant’s client describes, hears, speaks, streams and converses, each with its row', async context => {
  const program = python()
  if (program === null) return context.skip()
  const port = `${await freePort()}`
  const server = await startLiveServer({ WYOMING_PORT: port, NUM_CTX: '768' })
  try {
    const script = join(import.meta.dirname, 'wyoming_home_assistant.py')
    const question = clip('azure-weather')
    const { stdout } = await promisify(execFile)(program, [script, '127.0.0.1', port, question])
    const seen = JSON.parse(stdout)
    for (const heard of [seen.text, seen.said, ...seen.together])
      expect(charactersWrong("What's the weather like?", heard)).toBeLessThan(HEARD_WELL)
    const both = "What's the weather like? Good evening."
    expect(charactersWrong(both, seen.saidInParts)).toBeLessThan(HEARD_WELL)
    expect(seen.handled.map((text: string) => /\p{L}/u.test(text))).toEqual([true, true])
    expect(seen).toMatchObject({
      ...{ pong: 'あ', languages: ['en'], conversation: { conversation_id: '01JD2ABCDEF' } },
      types: {
        asr: ['transcript-start', 'transcript-chunk', 'transcript'],
        tts: ['audio-start', 'audio-chunk', 'audio-stop', 'synthesize-stopped'],
      },
    })

    const answer = await fetch(`${server.url}/v1/turns?source=wyoming&limit=100`)
    const { items } = (await answer.json()) as { items: StoredTurn[] }
    const parts = items.flatMap(({ speech, llm, synthesis }) => [
      ...(speech.model === null ? [] : ['heard']),
      ...(llm.model === null ? [] : ['answered']),
      ...(synthesis.audioMs === null ? [] : ['spoken']),
    ])
    const times = (part: string) => parts.filter(other => other === part).length
    expect([times('heard'), times('answered'), times('spoken')]).toEqual([7, 2, 2])
    expect(items.every(({ outcome }) => outcome === 'completed')).toBe(true)
    const asked = items.find(({ transcript }) => transcript === 'Where is Köln?')
    expect(asked?.llm).toMatchObject({ model: seen.handle, quantization: expect.any(String) })
    expect(items.find(({ speech }) => speech.model !== null)?.speech).toMatchObject({
      ...{ model: seen.asr[0], quantization: expect.any(String) },
    })
  } finally {
    await server.stop()
  }
})
