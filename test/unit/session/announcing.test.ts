import { describe, expect, test } from 'vitest'
import type { FloorState } from '../../../server/session/floor/state.ts'
import { exploreFloor } from '../../support/session/exploreFloor.ts'

const settings = { plays: true, leavesReplies: false, answering: 'at-once', bargeInMs: 250 } as const

/** Nobody speaks, is answered, or is still to be heard. */
const isFree = ({ turns, stretches, closing }: FloorState) =>
  turns.length === 0 && closing !== 'left' && stretches.every(({ committed }) => !committed)

describe.each(['hands-free', 'wake-word'] as const)('in every state of a %s floor', mode => {
  test('what is to be announced waits for its turn, and gets it', { timeout: 240_000 }, () => {
    const wrong: string[] = []
    let waited = 0
    const announce = ({ turns }: FloorState) => {
      const turnId = ['a', 'b', 'c'].find(id => turns.every(turn => turn.id !== id)) ?? 'c'
      return [{ type: 'announce' as const, turnId }]
    }
    exploreFloor(
      settings,
      2,
      ({ before, event, after, effects }) => {
        const isTold = effects.some(({ type }) => type === 'free')
        const tell = (what: string) =>
          wrong.push(`${what}: ${JSON.stringify([before, event, after, effects])}`)
        if (before.closing === 'left') return
        if (event.type === 'announce') {
          const begins = effects.some(({ type }) => type === 'open')
          if (begins !== isFree(before)) tell(begins ? 'it breaks in' : 'it waits for nothing')
          if (!begins && !after.announces) tell('it is forgotten')
          if (effects.some(({ type }) => /interrupted|stop|refuse/.test(type))) tell('it ends something')
        } else if (before.announces) {
          waited++
          if (isTold !== isFree(after) || isTold === after.announces) {
            if (after.closing !== 'left') tell('it waits on, or comes too soon')
          }
        } else if (isTold || after.announces) tell('there is nothing to announce')
      },
      mode,
      announce,
    )
    expect(wrong.slice(0, 3)).toEqual([])
    expect(waited).toBeGreaterThan(100)
  })
})
