import { setTimeout as sleep } from 'node:timers/promises'
import { type ChatOptions, respond } from '../../../server/llm/respond.ts'
import type { ScriptedPool } from '../../../test/support/pools/scriptedPool.ts'

/** What the router itself costs, on scripted hosts that take always the same time. */

const chat: ChatOptions = {
  ...{ model: 'scripted:1b-q4_K_M', numCtx: 2048, numThread: null, keepAlive: null },
  ...{ temperature: 0, seed: 1 },
}
const question = [{ role: 'user' as const, content: 'What is the time?' }]

/** From the request to the first token, milliseconds. */
async function firstTokenMs(url: string): Promise<number> {
  const askedAt = performance.now()
  for await (const part of respond(url, question, chat, new AbortController().signal)) {
    if (part.type === 'text') return performance.now() - askedAt
  }
  throw new Error('there was no token')
}

/** Host and router asked in turns: `[host, router]` of each pair. */
export async function firstTokens({ llm, llmUrl }: ScriptedPool, pairs: number): Promise<[number, number][]> {
  const direct = llm[0]?.url ?? ''
  const times: [number, number][] = []
  for (let pair = 0; pair < pairs + 5; pair++) {
    const isHostFirst = pair % 2 === 0
    const one = await firstTokenMs(isHostFirst ? direct : llmUrl)
    const other = await firstTokenMs(isHostFirst ? llmUrl : direct)
    // The first ones pay for what later ones use.
    if (pair >= 5) times.push(isHostFirst ? [one, other] : [other, one])
    // What was left is over by then.
    await sleep(20)
  }
  return times
}

/** From leaving a reply in the middle to the moment in which its host sees that, milliseconds; the host looks after each token. */
export async function leaving(pool: ScriptedPool, times: number): Promise<number[]> {
  const seen: number[] = []
  for (let time = 0; time < times; time++) {
    const before = leftAt(pool).length
    const leave = new AbortController()
    let leftAtMs = 0
    try {
      for await (const part of respond(pool.llmUrl, question, chat, leave.signal)) {
        if (part.type !== 'text') continue
        leftAtMs = Date.now()
        leave.abort(new Error('enough'))
      }
    } catch {
      // As was asked for.
    }
    while (leftAt(pool).length === before) await sleep(2)
    seen.push((leftAt(pool).at(-1) ?? 0) - leftAtMs)
  }
  return seen
}

const leftAt = ({ llm }: ScriptedPool): number[] =>
  llm.flatMap(host => host.calls().flatMap(call => call.leftAt ?? [])).toSorted((a, b) => a - b)
