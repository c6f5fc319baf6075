import { describe, expect, test } from 'vitest'
import { takeFloor } from '../../../server/session/floor/floor.ts'
import type { FloorEffect, FloorEvent, FloorState, TurnState } from '../../../server/session/floor/state.ts'
import { exploreFloor, goneIds, type Transition, wholeQuestion } from '../../support/session/exploreFloor.ts'

const ofTurn = (effects: FloorEffect[], type: FloorEffect['type'], turnId: string) =>
  effects.filter(effect => effect.type === type && 'turnId' in effect && effect.turnId === turnId)
const isOpen = ({ phase }: TurnState) => phase !== 'writing'
const answers = (turn: TurnState) =>
  turn.answer &&
  turn.stop === null &&
  turn.over === null &&
  !['capturing', 'stopping', 'writing'].includes(turn.phase)

/** Each gives what is wrong, or nothing. They are asked of every transition there is. */
const invariants: Record<string, (transition: Transition) => string | false> = {
  'a turn is opened once, settled once, written once, and done once, in this order': ({
    before,
    after,
    effects,
  }) => {
    const ids = new Set([...before.turns, ...after.turns].map(({ id }) => id))
    for (const id of ids) {
      const was = before.turns.find(turn => turn.id === id)
      const is = after.turns.find(turn => turn.id === id)
      const happened = (type: FloorEffect['type']) => ofTurn(effects, type, id).length
      if (happened('open') !== Number(!was)) return `${id} was opened ${happened('open')} times`
      if (happened('done') !== Number(!is)) return `${id} was done ${happened('done')} times`
      if (!is && was?.phase !== 'writing') return `${id} was done before it was written`
      const isSettledNow = is?.phase === 'writing' && was?.phase !== 'writing'
      if (happened('settle') !== Number(isSettledNow)) return `${id} was settled ${happened('settle')} times`
      if (happened('write') !== Number(isSettledNow)) return `${id} was written ${happened('write')} times`
    }
    return false
  },
  'at most one question is being said, at most one reply is under way': ({ after }) => {
    const said = after.turns.filter(({ phase }) => phase === 'capturing').length
    const isUnderWay = (turn: TurnState) =>
      answers(turn) && (!after.leavesReplies || /thinking|speaking|playing/.test(turn.phase))
    const replies = after.turns.filter(isUnderWay).length
    return (said > 1 || replies > 1) && `${said} are said, ${replies} answered`
  },
  'nothing is asked or told of a turn after it was interrupted': ({ before, effects }) =>
    before.turns
      .filter(({ stop }) => stop !== null)
      .flatMap(({ id }) => [...ofTurn(effects, 'ask', id), ...ofTurn(effects, 'interrupted', id)])
      .map(({ type }) => `${type} came`)[0] ?? false,
  'an interrupted reply is silenced in the same step': ({ after, effects }) =>
    effects.some(
      effect =>
        effect.type === 'interrupted' &&
        ofTurn(effects, 'stop-reply', effect.turnId).length === 0 &&
        !after.turns.some(({ id, phase }) => id === effect.turnId && /closing|transcribing/.test(phase)),
    ) && 'it goes on',
  'history is written in the order of the questions': ({ before, after, effects }) => {
    for (const effect of effects) {
      if (effect.type !== 'settle') continue
      const index = after.turns.findIndex(({ id }) => id === effect.turnId)
      const wasAsked = before.turns.find(({ id }) => id === effect.turnId)?.asked
      if (wasAsked && after.turns.slice(0, index).some(isOpen)) return `${effect.turnId} overtook another`
    }
    return false
  },
  'leave ends all turns at once': ({ event, after }) =>
    event.type === 'leave' && after.turns.some(isOpen) && 'some go on',
  'every wait has an end': ({ after }) => {
    for (const [index, turn] of after.turns.entries()) {
      const isEarlierOpen = after.turns.slice(0, index).some(isOpen)
      const isBounded =
        turn.wait !== null ||
        turn.phase === 'writing' ||
        (turn.phase === 'capturing' && after.stretches.some(({ id }) => id === turn.stretch)) ||
        (/waiting|stopping/.test(turn.phase) && turn.asked && isEarlierOpen)
      if (!isBounded) return `${turn.id} waits in ${turn.phase} for ever`
    }
    return false
  },
  'a timer runs exactly for the wait that a turn is in': ({ before, event, after, effects }) => {
    for (const turn of after.turns) {
      const was = before.turns.find(({ id }) => id === turn.id)?.wait ?? null
      const isOver = event.type === 'timeout' && event.turnId === turn.id && event.wait === was
      const last = effects.findLast(
        effect => /^(timer|clear)$/.test(effect.type) && 'turnId' in effect && effect.turnId === turn.id,
      )
      const runs = last === undefined ? (isOver ? null : was) : last.type === 'timer' ? last.wait : null
      if (turn.wait !== runs) return `${turn.id} waits for ${turn.wait}, the timer runs for ${runs}`
    }
    return false
  },
  'what goes on was not heard of yet, and is the same turn, of which nothing is under way': ({
    before,
    event,
    after,
    effects,
  }) => {
    for (const effect of effects) {
      if (effect.type !== 'reopen') continue
      const was = before.turns.find(({ id }) => id === effect.turnId)
      const is = after.turns.find(({ id }) => id === effect.turnId)
      if (event.type !== 'voiced' || event.positionMs > 3000) return `it was by ${event.type}`
      if (was === undefined || was.stop !== null) return 'it was over'
      if (!/transcribing|waiting|thinking/.test(was.phase)) return `it was ${was.phase}`
      if (is?.phase !== 'capturing' || is.asked || is.wait !== null) return `it is ${is?.phase}`
      if (effects.some(({ type }) => type === 'open' || type === 'interrupted')) return 'another was opened'
    }
    return false
  },
  'who goes on soon begins no other turn, nor who was told that it was whole': ({
    before,
    event,
    effects,
  }) => {
    if (event.type !== 'voiced' || event.voicedMs < before.bargeInMs || before.closing === 'left')
      return false
    const stretch = before.stretches.find(({ id }) => id === event.stretch)
    if (before.turns.some(({ phase }) => phase === 'capturing') || before.leavesReplies) return false
    const reply = before.turns.find(answers)
    if (stretch === undefined || reply?.stretch !== stretch.id) return false
    if (!/transcribing|waiting|thinking/.test(reply.phase)) return false
    const goesOn = event.positionMs < 3000 && !stretch.committed
    return effects.some(({ type }) => type === 'reopen') !== goesOn && `it ${goesOn ? 'does' : 'goes on'}`
  },
  'a question is asked once all before it are in the history': ({ after, effects }) => {
    for (const effect of effects) {
      if (effect.type !== 'ask') continue
      const index = after.turns.findIndex(({ id }) => id === effect.turnId)
      if (after.turns.slice(0, index).some(isOpen)) return `${effect.turnId} did not wait`
    }
    return false
  },
  'what a turn waits for brings it on': ({ before, event, after }) => {
    for (const { id, phase, stretch, stop } of before.turns) {
      const is = after.turns.find(turn => turn.id === id)?.phase
      const isHeard = /capturing|closing/.test(phase) && event.type === 'ended' && event.stretch === stretch
      if (isHeard && is !== 'transcribing') return `${id} was heard, and is ${is}`
      const isAbout = 'turnId' in event && event.turnId === id
      if (!isAbout || stop !== null) continue
      if (event.type === 'understood' && phase === 'transcribing' && is === 'transcribing')
        return `${id} stays`
      if (event.type !== 'answered' || !/thinking|speaking/.test(phase)) continue
      const isPlaying = before.plays && event.playbackWithinMs !== null
      if ((is === 'playing') !== isPlaying) return `${id} was answered, and is ${is}`
    }
    return false
  },
  'a typed question waits for nothing that is still to be heard': ({ before, event, after }) =>
    event.type === 'question' &&
    before.closing === null &&
    after.turns.some(
      ({ id, phase }) => id !== event.turnId && /capturing|closing|transcribing/.test(phase),
    ) &&
    'it does',
  'whatever is being said can still be heard to its end': ({ after }) =>
    after.turns.some(
      ({ phase, stretch }) =>
        /capturing|closing/.test(phase) && !after.stretches.some(({ id }) => id === stretch),
    ) && 'nobody listens',
  'who is hands-free can always speak': ({ after: { mode, closing, stretches } }) =>
    mode === 'hands-free' &&
    closing !== 'left' &&
    !stretches.some(({ committed }) => !committed) &&
    'nobody listens',
  'only what is still being said, or was said over a reply and is no question, can be discarded': ({
    before,
    event,
    after,
  }) =>
    after.turns
      .filter(({ stop }) => stop === 'discarded')
      .map(({ id }) => before.turns.find(turn => turn.id === id))
      .some(
        was =>
          was?.stop !== 'discarded' &&
          was?.phase !== 'capturing' &&
          !(event.type === 'understood' && event.turnId === was?.id && event.over?.words !== 'words'),
      ) && 'more was',
  'only a reply that plays is held, and only for as long as its timer runs': ({ after }) =>
    after.turns.some(
      ({ held, wait, stop, phase }) =>
        (held !== null) !== (wait === 'hold') ||
        (held !== null && (stop !== null || !/speaking|playing/.test(phase) || !after.plays)),
    ) && 'another is',
  'a reply that was held goes on or stops when its timer is over': ({ before, event, after }) =>
    event.type === 'timeout' &&
    event.wait === 'hold' &&
    before.turns.some(({ id, held }) => id === event.turnId && held !== null) &&
    after.turns.some(({ id, held }) => id === event.turnId && held !== null) &&
    'it is held still',
  'it is told when a reply gets quieter, stands still, and goes on': ({ before, after, effects }) => {
    for (const { id, held, stop } of after.turns) {
      const was = before.turns.find(turn => turn.id === id)?.held ?? null
      const said = effects.filter(
        effect => /^(duck|pause|resume)$/.test(effect.type) && 'turnId' in effect && effect.turnId === id,
      )
      const expected = { ducked: 'duck', paused: 'pause' }
      // What ends by itself, or is stopped, needs no word that it goes on.
      const mayEnd =
        stop !== null || /stopping|writing/.test(after.turns.find(turn => turn.id === id)?.phase ?? '')
      const is = held === was ? undefined : held === null ? 'resume' : expected[held]
      if (said.at(-1)?.type !== is && !(is === 'resume' && mayEnd)) return `${id} was ${was}, is ${held}`
    }
    return false
  },
  'at most one turn is said over a reply and not judged': ({ after }) =>
    after.turns.filter(({ over }) => over !== null).length > 1 && 'more are',
  'a listening word, an echo, a far voice and a cough end no reply, whatever else is said does': ({
    before,
    event,
    after,
  }) => {
    if (event.type !== 'understood' || event.over === null || !event.said) return false
    const was = before.turns.find(({ id }) => id === event.turnId)
    if (was?.over == null || was.phase !== 'transcribing') return false
    const reply = before.turns.find(
      turn => turn.stop === null && turn.over === null && /speaking|playing/.test(turn.phase),
    )
    const stopped = after.turns.find(({ id }) => id === reply?.id)?.stop
    const { words, voicedMs } = event.over
    const isMeant =
      words === 'command' ||
      words === 'stop' ||
      (!['aside', 'echo', 'far', 'unclear'].includes(words ?? '') && voicedMs >= 250)
    if (reply === undefined || !before.plays || before.bargeInMs === 0) return false
    return (stopped === 'barge-in') !== isMeant && `${words} of ${voicedMs} ms left it ${stopped}`
  },
  'what belongs to nothing that lives changes nothing': ({ before, event, after, effects }) => {
    const about = 'turnId' in event ? event.turnId : 'stretch' in event ? event.stretch : null
    if (!goneIds.has(about)) return false
    const same = { ...after, reports: before.reports }
    return (JSON.stringify(same) !== JSON.stringify(before) || effects.length > 0) && 'it did'
  },
  'what is refused changes nothing': ({ before, after, effects }) =>
    effects.some(({ type }) => type === 'refuse') &&
    (JSON.stringify(after) !== JSON.stringify(before) || effects.length > 1) &&
    'it did',
  'after the listener left nothing happens but that turns are written': ({ before, event, after, effects }) =>
    before.closing === 'left' &&
    event.type !== 'written' &&
    (JSON.stringify(after) !== JSON.stringify(before) || effects.length > 0) &&
    'more did',
  'what a session does not survive ends it, if it was a turn once that is done': ({
    before,
    event,
    effects,
  }) => {
    const done = event.type === 'written' && before.turns.find(({ id }) => id === event.turnId)
    const isFatalEnd = done && done.phase === 'writing' && done.error?.recoverable === false
    const expected = isFatalEnd || (event.type === 'broken' && before.closing !== 'left')
    return effects.some(({ type }) => type === 'end') !== Boolean(expected) && 'it does not, or another does'
  },
}

/** What comes of a state in which nobody says anything and every engine is silent: time-outs and written rows only. */
function leftAlone(state: FloorState): FloorState {
  let current = state
  for (let steps = 0; steps < 60 && current.turns.length > 0; steps++) {
    const event = current.turns.map(({ id, phase, stretch, wait }): FloorEvent | null => {
      if (phase === 'writing') return { type: 'written', turnId: id }
      if (wait !== null) return { type: 'timeout', turnId: id, wait }
      return phase === 'capturing' ? { type: 'cut-off', stretch: stretch ?? 0, next: 50 + steps } : null
    })
    const next = event.find(one => one !== null)
    if (!next) break
    current = takeFloor(current, next).state
  }
  return current
}

function isAnswered(state: FloorState): boolean {
  const { effects } = takeFloor(state, wholeQuestion(state.leavesReplies, 'new', 90))
  return ['open', 'understand'].every(type => effects.some(effect => effect.type === type))
}

const usual = { plays: false, leavesReplies: false, answering: 'at-once', bargeInMs: 250 } as const

/** Where what is said leaves replies alone, three turns have more states than a test can walk. */
describe.each<[string, Parameters<typeof exploreFloor>[0], number]>([
  ['a listener that plays', { ...usual, plays: true }, 3],
  ['one that takes what comes', usual, 3],
  ['one that asks for answers', { ...usual, leavesReplies: true, answering: 'when-asked' }, 2],
  ['one that nothing said interrupts', { ...usual, leavesReplies: true, bargeInMs: 0 }, 2],
  ['one that only wants to know what was said', { ...usual, leavesReplies: true, answering: 'never' }, 2],
])('every state that can be reached, with %s,', (_name, settings, maxTurns) => {
  test('keeps every invariant, has a way out, and then answers a typed question', {
    timeout: 240_000,
  }, () => {
    const broken: string[] = []
    let transitions = 0
    const states = exploreFloor(settings, maxTurns, transition => {
      transitions++
      for (const [name, check] of Object.entries(invariants)) {
        const wrong = check(transition)
        if (wrong) broken.push(`${name}: ${wrong}: ${JSON.stringify(transition)}`)
      }
      if (broken.length > 5) throw new Error(broken.join('\n'))
    })
    const stuck = [...states.values()].filter(state => leftAlone(state).turns.length > 0)
    const deaf = [...states.values()].filter(state => state.closing === null && !isAnswered(leftAlone(state)))
    console.log(
      `${states.size} states, ${transitions} transitions, ${Object.keys(invariants).length} invariants`,
    )
    expect(broken).toEqual([])
    expect(stuck.slice(0, 3)).toEqual([])
    expect(deaf.slice(0, 3)).toEqual([])
  })
})
