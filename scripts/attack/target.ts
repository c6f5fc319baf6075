import { info } from '../../test/support/browser/fakePage.ts'
import { createLiveApp } from '../../test/support/fakes/fakeLive.ts'

/** The whole app over scripted stages on a port of its own. */
export async function startTarget(): Promise<{ url: string; stop(): Promise<void> }> {
  const { app } = await createLiveApp({
    settings: { LOG_LEVEL: 'silent' },
    dependencies: { info: async () => info },
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return { url, stop: () => app.close() }
}

/** Null where the server still answers; else that it is dead, which is the fault of what was sent before. */
export async function deadAt(url: string): Promise<string | null> {
  const answer = await fetch(`${url}/livez`, { signal: AbortSignal.timeout(5000) }).catch(() => null)
  return answer?.status === 200 ? null : 'the server is dead'
}
