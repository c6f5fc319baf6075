import { setTimeout as sleep } from 'node:timers/promises'
import { connectLive } from '../../../scripts/bench/liveClient.ts'

export type Talkers = {
  /** Turns by id of which a client heard anything, and that they are over. */
  begun: Set<string>
  ended: Set<string>
  /** Sockets that did not open. */
  refused: string[]
  /** From the end of a socket until the next one of that client was ready, each. */
  gapsMs: number[]
  /** What each turn took that ended since `turnsMs` was emptied. */
  turnsMs: number[]
  /** Takes no more turns; settles when those under way are over. */
  stop(): Promise<void>
}

/** Live sessions that ask one question after the other and, as the page does, come back with their conversation when their socket ends. */
export function keepTalking(url: string, count: number): Talkers {
  const talkers: Omit<Talkers, 'stop'> = {
    ...{ begun: new Set(), ended: new Set(), refused: [], gapsMs: [], turnsMs: [] },
  }
  let isOver = false

  async function talk(client: Awaited<ReturnType<typeof connectLive>>): Promise<void> {
    let isOpen = true
    const closed = Promise.withResolvers<void>()
    client.watch(message => {
      if (message instanceof Error) {
        isOpen = false
        closed.resolve()
      } else if ('turnId' in message && message.turnId !== undefined) {
        talkers.begun.add(message.turnId)
        if (message.type === 'turn.done') talkers.ended.add(message.turnId)
      }
    })
    while (isOpen && !isOver) {
      const askedAt = performance.now()
      const done = client.next('turn.done')
      client.send({ type: 'text', text: 'What is the time?' })
      // A server that stops may not take it any more; it is asked again of another.
      const isDone = await Promise.race([done.then(() => true), closed.promise.then(() => false)]).catch(
        () => false,
      )
      if (isDone) talkers.turnsMs.push(performance.now() - askedAt)
      await sleep(20)
    }
    client.close()
  }

  async function live(conversationId: string): Promise<void> {
    let endedAt: number | null = null
    while (!isOver) {
      try {
        const client = await connectLive(url, { mode: 'hands-free', voice: 'none', conversationId })
        if (endedAt !== null) talkers.gapsMs.push(performance.now() - endedAt)
        await talk(client)
        endedAt = performance.now()
      } catch (error) {
        talkers.refused.push(String(error))
        await sleep(100)
      }
    }
  }

  const all = Array.from({ length: count }, (_, i) => live(`conversation-${i}`))
  return {
    ...talkers,
    async stop() {
      isOver = true
      await Promise.all(all)
    },
  }
}

/** The value below which 95 % of them are; 0 of none. */
export const p95 = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * 0.95))] ?? 0
