import { expect, test } from 'vitest'
import type { SharedWork } from '../../server/record/turnStore.ts'

/** What every place does where servers tell each other of work of minutes. */
export function sharedWorkContract(name: string, open: () => Promise<(server: string) => SharedWork>): void {
  const scene = async () => {
    const as = await open()
    return { a: as('a'), b: as('b') }
  }

  test(`${name}: what one server tells the others see, the newest first, as it told it last`, async () => {
    const { a, b } = await scene()
    expect(await b.list('run')).toEqual([])
    expect(await b.find('run', '1')).toBeNull()
    expect(await a.tell('run', '1', { step: 1 }, 30)).toBe(true)
    expect(await a.tell('run', '1', { step: 2, said: 'a\0b', nested: [{ ü: null }] }, 30)).toBe(true)
    expect(await b.tell('run', '2', { step: 3 }, 30)).toBe(true)
    expect(await b.tell('pull', '1', 'another kind', 30)).toBe(true)
    const first = { id: '1', replicaId: 'a', lapsed: false }
    const content = { step: 2, said: expect.stringMatching(/^a.b$/s), nested: [{ ü: null }] }
    for (const server of [a, b]) {
      expect(await server.list('run')).toEqual([
        { id: '2', replicaId: 'b', content: { step: 3 }, lapsed: false },
        { ...first, content },
      ])
      expect(await server.find('run', '1')).toEqual({ ...first, content })
    }
  })

  test(`${name}: who has it has it alone, until it is given up`, async () => {
    const { a, b } = await scene()
    expect(await a.tell('run', '1', 'of a', 30)).toBe(true)
    expect(await b.tell('run', '1', 'of b', 30)).toBe(false)
    expect(await b.find('run', '1')).toMatchObject({ replicaId: 'a', content: 'of a' })
    expect(await a.tell('run', '1', 'a is done', 0)).toBe(true)
    expect(await b.tell('run', '1', 'of b', 30)).toBe(true)
    expect(await a.tell('run', '1', 'of a', 30)).toBe(false)
    expect(await a.find('run', '1')).toMatchObject({ replicaId: 'b', content: 'of b' })
  })

  test(`${name}: of two that want it at once one has it`, async () => {
    const { a, b } = await scene()
    for (let time = 0; time < 10; time++) {
      const taken = await Promise.all([a, b].map(server => server.tell('place', `${time}`, 'mine', 30)))
      expect(taken.toSorted()).toEqual([false, true])
    }
  })

  test(`${name}: who says nothing any more has lapsed, and another may have it`, async () => {
    const { a, b } = await scene()
    await a.tell('run', '1', 'begun', 1)
    await expect
      .poll(async () => (await b.find('run', '1'))?.lapsed, { timeout: 25_000, interval: 100 })
      .toBe(true)
    expect(await b.list('run')).toMatchObject([{ replicaId: 'a', content: 'begun', lapsed: true }])
    expect(await b.tell('run', '1', 'gone on with', 30)).toBe(true)
    expect(await a.find('run', '1')).toMatchObject({ replicaId: 'b', content: 'gone on with', lapsed: false })
  })

  test(`${name}: a report is of the end that it was told with`, async () => {
    const { a, b } = await scene()
    await a.tell('run', '1', 'begun', 30)
    expect(await b.report('run', '1')).toBeNull()
    await a.tell('run', '1', 'done', 0, { figures: [1, 2] })
    expect(await b.report('run', '1')).toEqual({ figures: [1, 2] })
    await a.tell('run', '1', 'begun again', 30)
    expect(await b.report('run', '1')).toBeNull()
    expect(await b.report('run', '2')).toBeNull()
  })

  test(`${name}: to cancel is asked of whoever has it, and is no longer asked once it is over`, async () => {
    const { a, b } = await scene()
    expect(await b.ask('run', '1', 'cancel')).toBe(false)
    await a.tell('run', '1', 'begun', 30)
    await a.tell('run', '2', 'begun', 30)
    expect(await a.wishes('run', ['1', '2'])).toEqual([])
    expect(await b.ask('run', '1', 'cancel')).toBe(true)
    await a.tell('run', '1', 'goes on', 30)
    expect(await a.wishes('run', ['1', '2'])).toEqual([{ id: '1', wish: 'cancel' }])
    await a.tell('run', '1', 'cancelled', 0)
    expect(await a.wishes('run', ['1', '2'])).toEqual([])
    expect(await b.ask('run', '1', 'cancel')).toBe(false)
    await a.tell('run', '1', 'begun again', 30)
    expect(await a.wishes('run', ['1', '2'])).toEqual([])
  })

  test(`${name}: what nobody has any more is swept away after a while, and nothing that somebody has`, async () => {
    const { a, b } = await scene()
    await a.tell('pull', '1', 'done', 0)
    await a.tell('pull', '2', 'begun', 30)
    await a.tell('run', '1', 'done', 0)
    await b.sweep('pull', 60)
    expect(await b.list('pull')).toHaveLength(2)
    await b.sweep('pull', 0)
    expect(await b.list('pull')).toMatchObject([{ id: '2' }])
    expect(await b.list('run')).toHaveLength(1)
  })

  test(`${name}: what was forgotten is seen by nobody, and a late word does not bring it back`, async () => {
    const { a, b } = await scene()
    await a.tell('run', '1', 'done', 0, 'its report')
    expect(await b.ask('run', '1', 'forget')).toBe(true)
    expect(await a.tell('run', '1', 'done', 0, 'its report')).toBe(false)
    for (const server of [a, b]) {
      expect(await server.list('run')).toEqual([])
      expect(await server.find('run', '1')).toBeNull()
      expect(await server.report('run', '1')).toBeNull()
    }
    expect(await b.ask('run', '1', 'forget')).toBe(false)
    expect(await a.wishes('run', ['1'])).toEqual([{ id: '1', wish: 'forget' }])
    await a.drop('run', '1')
    expect(await a.wishes('run', ['1'])).toEqual([])
  })
}
