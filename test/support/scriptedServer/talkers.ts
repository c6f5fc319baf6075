import { setTimeout as sleep } from 'node:timers/promises'
import { connectLive, type LiveClient } from '../../../scripts/bench/liveClient.ts'
import { answerOf, askText } from '../liveServer.ts'

/** What clients of one server saw. */
export type Talk = {
  /** Turns that a client heard of in any message. */
  begun: Set<string>
  /** Turns of which a client got `turn.done` or the answer. */
  ended: Set<string>
  /** What each socket was closed with, once all are. */
  closed: Promise<number[]>
}

/**
 * Three clients that ask without end, until the server is gone: one types over a socket, one speaks `question` (mono,
 * 16 kHz) over another, one asks over REST. Resolves when the sockets are ready.
 */
export async function talk(url: string, question: Int16Array, random: () => number): Promise<Talk> {
  const begun = new Set<string>()
  const ended = new Set<string>()
  const pause = () => sleep(random() * 60)

  async function session(ask: (client: LiveClient) => Promise<void>): Promise<{ closed: Promise<number> }> {
    const client = await connectLive(url, { mode: 'hands-free', voice: 'none' })
    const closed = Promise.withResolvers<number>()
    let open = true
    client.watch(message => {
      if (message instanceof Error) {
        open = false
        closed.resolve(Number(/with (\d+)$/.exec(message.message)?.[1]))
        return
      }
      if (!('turnId' in message) || message.turnId === undefined) return
      begun.add(message.turnId)
      if (message.type === 'turn.done') ended.add(message.turnId)
    })
    void (async () => {
      while (open) {
        await pause()
        await ask(client)
      }
    })().catch(() => {
      // The server is gone in the middle of it: that is what is tried.
    })
    return { closed: closed.promise }
  }

  async function askOverRest(): Promise<void> {
    for (;;) {
      await pause()
      const { turnId } = await answerOf(askText(url, 'What is the time?'))
      begun.add(turnId)
      ended.add(turnId)
    }
  }

  const sockets = await Promise.all([
    session(async client => {
      const done = client.next('turn.done')
      client.send({ type: 'text', text: 'What is the time?' })
      await done
    }),
    session(async client => {
      const done = client.next('turn.done')
      await client.say(question, 1.8)
      await Promise.race([done, sleep(500)])
    }),
  ])
  void askOverRest().catch(() => {})
  return { begun, ended, closed: Promise.all(sockets.map(({ closed }) => closed)) }
}
