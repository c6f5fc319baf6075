import type { ServerMessage } from '../../protocol/socketServer.ts'

/** What the outbox needs of a socket. */
export type Wire = {
  /** `flushed` is called when the operating system has taken it, or when that failed. */
  send(data: string | Uint8Array, flushed: () => void): void
  /** Bytes that were sent and not yet taken. */
  bufferedBytes(): number
}

export type Outbox = ReturnType<typeof createOutbox>

/** The socket takes audio up to here; more waits in the outbox, where it can be dropped and overtaken. */
const HIGH_WATER_BYTES = 64 * 1024

type Item = { turnId: string; data: string | Uint8Array; keep: boolean; settle(sent: boolean): void }

/** Sends in the order of the contract: control overtakes audio, what frames the audio keeps its place in it. */
export function createOutbox(wire: Wire) {
  let queue: Item[] = []
  const dropped = new Set<string>()
  let waiting = false
  let closed = false

  function pump(): void {
    while (queue.length > 0 && !waiting && !closed) {
      const item = queue.shift()
      if (!item) return
      wire.send(item.data, flushed)
      item.settle(true)
      if (typeof item.data === 'string' && item.keep) dropped.delete(item.turnId)
      waiting = wire.bufferedBytes() > HIGH_WATER_BYTES
    }
  }

  function flushed(): void {
    if (!waiting) return
    waiting = wire.bufferedBytes() > HIGH_WATER_BYTES
    if (!waiting) pump()
  }

  function enqueue(turnId: string, data: string | Uint8Array, keep: boolean): Promise<boolean> {
    if (closed || (dropped.has(turnId) && !keep)) return Promise.resolve(false)
    const { promise, resolve } = Promise.withResolvers<boolean>()
    queue.push({ turnId, data, keep, settle: resolve })
    pump()
    return promise
  }

  return {
    /** Sends at once, past queued audio. */
    now(message: ServerMessage): void {
      if (!closed) wire.send(JSON.stringify(message), flushed)
    },
    /** Sends after the audio that is queued; false where the turn was dropped before its place came. */
    inOrder: (turnId: string, message: ServerMessage): Promise<boolean> =>
      enqueue(turnId, JSON.stringify(message), message.type === 'turn.done'),
    /** Queues reply audio; settles when it was handed to the socket (true) or dropped (false). */
    audio: (turnId: string, pcm: Uint8Array): Promise<boolean> => enqueue(turnId, pcm, false),
    /** Drops what is queued of a turn but `turn.done`, and takes no more audio of it. */
    drop(turnId: string): void {
      dropped.add(turnId)
      const gone = queue.filter(item => item.turnId === turnId && !item.keep)
      queue = queue.filter(item => !gone.includes(item))
      for (const item of gone) item.settle(false)
    },
    /** What comes of a turn that was dropped from here on is taken again. */
    takeAgain: (turnId: string): void => void dropped.delete(turnId),
    /** Sends how turns ended that waits behind audio, then `last`, and nothing more. */
    close(last: ServerMessage | null = null): void {
      for (const { data, keep, settle } of queue) {
        if (keep) wire.send(data, flushed)
        settle(keep)
      }
      queue = []
      if (last !== null && !closed) wire.send(JSON.stringify(last), flushed)
      closed = true
    },
  }
}
