import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createOutbox } from '../../../server/doors/socket/outbox.ts'
import type { ServerMessage } from '../../../server/protocol/socketServer.ts'

/** A socket that takes `room` bytes and then blocks until it is told to flush. */
function slowWire(room: number) {
  const sent: string[] = []
  let buffered = 0
  let waiting: (() => void)[] = []
  return {
    sent,
    wire: {
      send(data: string | Uint8Array, flushed: () => void) {
        sent.push(
          typeof data === 'string'
            ? JSON.parse(data).type + JSON.parse(data).turnId
            : Buffer.from(data).toString(),
        )
        buffered += data.length
        waiting.push(flushed)
      },
      bufferedBytes: () => (buffered <= room ? 0 : buffered + 64 * 1024),
    },
    flush() {
      buffered = 0
      const told = waiting
      waiting = []
      for (const flushed of told) flushed()
    },
  }
}

const audio = (turnId: string, n: number) => Buffer.from(`audio${turnId}${n}`)
const delta = (turnId: string) => ({ type: 'reply.delta', turnId, text: '' }) as const
const placed = (type: 'audio.started' | 'audio.done', turnId: string) =>
  type === 'audio.started'
    ? ({ type, turnId, sampleRate: 16_000 } as const)
    : ({ type, turnId, audioMs: 1 } as const)

test('control overtakes audio that waits, and what frames it keeps its place', () => {
  const { wire, sent, flush } = slowWire(0)
  const outbox = createOutbox(wire)
  void outbox.inOrder('A', placed('audio.started', 'A'))
  void outbox.audio('A', audio('A', 1))
  void outbox.inOrder('A', placed('audio.done', 'A'))
  outbox.now(delta('A'))
  expect(sent).toEqual(['audio.startedA', 'reply.deltaA'])
  flush()
  flush()
  expect(sent).toEqual(['audio.startedA', 'reply.deltaA', 'audioA1', 'audio.doneA'])
})

test('audio that was dropped settles as not sent, and later audio of the turn too', async () => {
  const { wire, sent, flush } = slowWire(0)
  const outbox = createOutbox(wire)
  const first = outbox.audio('A', audio('A', 1))
  const second = outbox.audio('A', audio('A', 2))
  outbox.drop('A')
  flush()
  expect(await Promise.all([first, second, outbox.audio('A', audio('A', 3))])).toEqual([true, false, false])
  expect(sent).toEqual(['audioA1'])
})

test('what comes of a turn after it is taken again is sent', async () => {
  const { wire, sent, flush } = slowWire(0)
  const outbox = createOutbox(wire)
  void outbox.audio('A', audio('A', 1))
  const second = outbox.audio('A', audio('A', 2))
  outbox.drop('A')
  outbox.takeAgain('A')
  void outbox.audio('A', audio('A', 3))
  flush()
  expect(await second).toBe(false)
  expect(sent).toEqual(['audioA1', 'audioA3'])
})

test('one that is closed with a last word says before it how turns ended, and drops the audio that waits', async () => {
  const { wire, sent } = slowWire(0)
  const outbox = createOutbox(wire)
  void outbox.audio('A', audio('A', 1))
  const kept = outbox.audio('A', audio('A', 2))
  void outbox.inOrder('A', { type: 'turn.done', turnId: 'A' } as ServerMessage)
  outbox.close({ ...delta('B'), text: 'the last' })
  outbox.close(delta('C'))
  expect(sent).toEqual(['audioA1', 'turn.doneA', 'reply.deltaB'])
  expect(await kept).toBe(false)
})

test('a closed outbox sends nothing and leaves nobody waiting', async () => {
  const { wire, sent, flush } = slowWire(0)
  const outbox = createOutbox(wire)
  const kept = [outbox.audio('A', audio('A', 1)), outbox.audio('A', audio('A', 2))]
  outbox.close()
  flush()
  outbox.now(delta('A'))
  expect(await Promise.all([...kept, outbox.inOrder('A', placed('audio.done', 'A'))])).toEqual([
    true,
    false,
    false,
  ])
  expect(sent).toEqual(['audioA1'])
})

type Step = { kind: 'audio' | 'now' | 'placed' | 'done' | 'drop' | 'flush'; turn: 'A' | 'B' }
const step = fc.record<Step>({
  kind: fc.constantFrom('audio', 'audio', 'now', 'placed', 'done', 'drop', 'flush'),
  turn: fc.constantFrom('A', 'B'),
})

test('whatever happens when: order is kept, dropped turns are silent, turn.done always comes', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 40 }), (steps, room) => {
      const { wire, sent, flush } = slowWire(room)
      const outbox = createOutbox(wire)
      /** What has a place, in the order in which it was given. */
      const inOrder: string[] = []
      const cutAt = new Map<string, number>()
      const done = new Set<string>()
      let count = 0
      for (const { kind, turn } of steps) {
        if (kind === 'flush') flush()
        else if (kind === 'now') {
          const before = sent.length
          outbox.now(delta(turn))
          expect(sent.length).toBe(before + 1)
        } else if (done.has(turn)) continue
        else if (kind === 'audio') {
          void outbox.audio(turn, audio(turn, ++count))
          inOrder.push(`audio${turn}${count}`)
        } else if (kind === 'placed') {
          void outbox.inOrder(turn, placed('audio.done', turn))
          inOrder.push(`audio.done${turn}`)
        } else if (kind === 'drop') {
          outbox.drop(turn)
          if (!cutAt.has(turn)) cutAt.set(turn, sent.length)
        } else {
          void outbox.inOrder(turn, turnDone(turn))
          inOrder.push(`turn.done${turn}`)
          done.add(turn)
        }
      }
      for (let i = 0; i <= steps.length; i++) flush()

      const placedSent = sent.filter(name => !name.startsWith('reply.delta'))
      expect(placedSent).toEqual(subsequence(inOrder, placedSent))
      for (const turn of done) expect(sent).toContain(`turn.done${turn}`)
      for (const [turn, at] of cutAt)
        expect(sent.slice(at).filter(name => name.startsWith('audio') && name.includes(turn))).toEqual([])
      if (cutAt.size === 0) expect(placedSent).toEqual(inOrder)
    }),
  )
})

/** The members of `all` that are in `some`, in the order of `all`; equal names are matched one by one. */
function subsequence(all: string[], some: string[]): string[] {
  const result: string[] = []
  let from = 0
  for (const name of some) {
    const at = all.indexOf(name, from)
    if (at < 0) return result
    result.push(name)
    from = at + 1
  }
  return result
}

function turnDone(turnId: string) {
  return { type: 'turn.done', turnId, outcome: 'completed' } as Parameters<
    ReturnType<typeof createOutbox>['inOrder']
  >[1]
}
