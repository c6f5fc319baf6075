import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { PullList, PullProgress } from '../../../server/protocol/models.ts'
import { streamedEvents } from '../../../server/shared/eventStream.ts'
import { useLabOllama } from '../../support/lab/labOllama.ts'
import { useReplicas, WHOLE_MS } from '../../support/postgres/replicas.ts'
import type { ScriptedServer } from '../../support/scriptedServer/start.ts'

/** Two servers with one record and one Ollama: what one pulls the other sees, and pulls only once the first is gone. */

const SOON = { timeout: 60_000, interval: 200 }
const NAME = 'pulled:1b'
const folder = mkdtempSync(join(tmpdir(), 'quantvox-shared-pulls-'))
const pulled = join(folder, 'pulled')
const settings: Record<string, string> = { LLM_MODEL: 'fake:1b-q8_0' }
const { postgres, replica } = useReplicas(settings)
useLabOllama(settings)
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))

const pullsAt = async ({ url }: ScriptedServer) =>
  (await (await fetch(`${url}/v1/models/pulls`)).json()) as PullList

/** What one who pulls there hears, as it comes. */
function pullAt({ url }: ScriptedServer) {
  const events: { event: string; data: unknown }[] = []
  const over = (async () => {
    const { body } = await fetch(`${url}/v1/models/language/pull`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: NAME }),
    })
    for await (const event of body === null ? [] : streamedEvents(body)) events.push(event)
  })()
  // Of a server that is killed it breaks off.
  over.catch(() => {})
  const bytes = () =>
    events.flatMap(({ event, data }) =>
      event === 'progress' ? [(data as PullProgress).completedBytes ?? 0] : [],
    )
  return { events, over, bytes }
}

test(
  'a pull of one server is seen at the other and followed there, which goes on with it where the first is killed',
  async () => {
    const record = await postgres().emptyDatabase()
    settings.SCRIPTED_PULLED = pulled
    const [a, b] = await Promise.all(['a', 'b'].map(name => replica(name, record)))
    if (!a || !b) throw new Error('two were started')
    pullAt(a)
    for (const server of [a, b])
      await expect
        .poll(async () => (await pullsAt(server)).items, SOON)
        .toMatchObject([
          { kind: 'language', name: NAME, replicaId: 'a', progress: { status: 'downloading' } },
        ])
    const followed = pullAt(b)
    await expect.poll(() => followed.bytes().at(-1) ?? 0, SOON).toBeGreaterThan(10)
    expect((await pullsAt(b)).items).toMatchObject([{ replicaId: 'a' }])

    a.child.kill('SIGKILL')
    await a.exited
    await expect.poll(async () => (await pullsAt(b)).items, SOON).toMatchObject([{ replicaId: 'b' }])
    writeFileSync(pulled, '')
    await followed.over
    expect(followed.events.at(-1)).toEqual({ event: 'done', data: { name: NAME } })
    expect(await pullsAt(b)).toEqual({ items: [] })
  },
  WHOLE_MS,
)
