import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createGate, type Entry } from '../../../server/engines/gate.ts'

const never = new AbortController().signal
const tick = () => new Promise(resolve => setImmediate(resolve))

describe('the gate in front of an engine', () => {
  it('lets one in at a time and the next when that one leaves', async () => {
    const gate = createGate()
    const first = await gate.enter('a', never)
    let isSecondIn = false
    const second = gate.enter('a', never).then(entry => {
      isSecondIn = true
      return entry
    })
    await tick()
    expect(isSecondIn).toBe(false)
    first.leave()
    expect((await second).waitedMs).toBeGreaterThan(0)
  })

  it('counts leaving once, however often it is said', async () => {
    const gate = createGate()
    const first = await gate.enter('a', never)
    const order: string[] = []
    const others = ['b', 'c'].map(owner => gate.enter(owner, never).then(() => order.push(owner)))
    first.leave()
    first.leave()
    await tick()
    expect(order).toEqual(['b'])
    expect(gate.inside()).toBe(1)
    void others
  })

  it('gives a newcomer the next turn although another owner has many waiting', async () => {
    const gate = createGate()
    const holder = await gate.enter('busy', never)
    const order: string[] = []
    const enter = (owner: string) =>
      gate.enter(owner, never).then(entry => {
        order.push(owner)
        entry.leave()
      })
    const all = [enter('busy'), enter('busy'), enter('busy'), enter('new')]
    holder.leave()
    await Promise.all(all)
    expect(order).toEqual(['busy', 'new', 'busy', 'busy'])
  })

  it('forgets one that gives up while waiting, and rejects it with its own reason', async () => {
    const gate = createGate()
    const holder = await gate.enter('a', never)
    const leaver = new AbortController()
    const given = gate.enter('b', leaver.signal)
    const patient = gate.enter('b', never)
    leaver.abort(new Error('gone home'))
    await expect(given).rejects.toThrow('gone home')
    holder.leave()
    expect(await patient).toBeDefined()
    expect(gate.waiting()).toBe(0)
  })

  it('admits those for whom there is room when its limit has grown', async () => {
    let limit = 1
    const gate = createGate(() => limit)
    await gate.enter('a', never)
    const second = gate.enter('b', never)
    limit = 2
    expect([gate.inside(), gate.waiting()]).toEqual([1, 1])
    gate.admit()
    expect(await second).toBeDefined()
    expect([gate.inside(), gate.waiting()]).toEqual([2, 0])
  })

  it('does not admit one that has given up before it came', async () => {
    const gate = createGate()
    await expect(gate.enter('a', AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late')
    expect(gate.inside()).toBe(0)
  })

  it('never lets more in than it may, keeps each owner in order, and starves nobody, whatever happens', async () => {
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ act: fc.constant('enter' as const), owner: fc.constantFrom('a', 'b', 'c') }),
      },
      { weight: 3, arbitrary: fc.record({ act: fc.constant('leave' as const), which: fc.nat() }) },
      { weight: 1, arbitrary: fc.record({ act: fc.constant('abort' as const), which: fc.nat() }) },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(step, { maxLength: 60 }),
        async (limit, steps) => {
          const gate = createGate(() => limit)
          type Request = {
            owner: string
            number: number
            abort: AbortController
            state: string
            entry?: Entry
          }
          const requests: Request[] = []
          const admitted: Request[] = []
          for (const next of steps) {
            if (next.act === 'enter') {
              const request: Request = {
                owner: next.owner,
                number: requests.length,
                abort: new AbortController(),
                state: 'waiting',
              }
              requests.push(request)
              gate.enter(next.owner, request.abort.signal).then(
                entry => {
                  request.state = 'inside'
                  request.entry = entry
                  admitted.push(request)
                },
                () => {
                  request.state = 'gone'
                },
              )
            } else {
              const wanted = next.act === 'leave' ? 'inside' : 'waiting'
              const candidates = requests.filter(request => request.state === wanted)
              const chosen = candidates[next.which % Math.max(candidates.length, 1)]
              if (chosen !== undefined && next.act === 'leave') {
                chosen.state = 'left'
                chosen.entry?.leave()
              } else chosen?.abort.abort(new Error('gone'))
            }
            await tick()
            const inside = requests.filter(request => request.state === 'inside').length
            const waiting = requests.filter(request => request.state === 'waiting').length
            expect(inside).toBe(gate.inside())
            expect(waiting).toBe(gate.waiting())
            expect(inside).toBeLessThanOrEqual(limit)
            // Nobody waits while there is room.
            if (waiting > 0) expect(inside).toBe(limit)
          }
          for (let left = 0; left < requests.length; left++) {
            for (const request of requests) {
              if (request.state !== 'inside') continue
              request.state = 'left'
              request.entry?.leave()
            }
            await tick()
          }
          expect(requests.every(request => request.state === 'left' || request.state === 'gone')).toBe(true)
          for (const owner of ['a', 'b', 'c']) {
            const numbers = admitted.filter(request => request.owner === owner).map(request => request.number)
            expect(numbers).toEqual(numbers.toSorted((one, other) => one - other))
          }
        },
      ),
      { numRuns: 100 },
    )
  })
})

describe('a spare place', () => {
  it('is had only where there is room and nobody waits', async () => {
    const gate = createGate()
    const first = await gate.enter('a', never)
    expect(gate.spare(() => {})).toBeNull()
    first.leave()
    const spare = gate.spare(() => {})
    expect(gate.inside()).toBe(1)
    expect(gate.spare(() => {})).toBeNull()
    spare?.leave()
    spare?.leave()
    expect(gate.inside()).toBe(0)
  })

  it('is lost as soon as somebody comes, whose it is then, without a wait', async () => {
    const gate = createGate()
    let wanted = 0
    const spare = gate.spare(() => wanted++)
    const entry = gate.enter('a', never)
    expect(wanted).toBe(1)
    expect((await entry).waitedMs).toBeLessThan(20)
    spare?.leave()
    expect(gate.inside()).toBe(1)
    expect(gate.spare(() => {})).toBeNull()
  })

  it('that is kept is a place like any other', async () => {
    const gate = createGate()
    let wanted = 0
    const spare = gate.spare(() => wanted++)
    spare?.keep()
    let isIn = false
    const second = gate.enter('a', never).then(() => {
      isIn = true
    })
    await tick()
    expect([wanted, isIn]).toEqual([0, false])
    spare?.leave()
    await second
  })

  it('that was given back is wanted by nobody', async () => {
    const gate = createGate()
    let wanted = 0
    gate.spare(() => wanted++)?.leave()
    await gate.enter('a', never)
    void gate.enter('b', never)
    expect(wanted).toBe(0)
  })
})
