import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { armOf } from '../../../scripts/bench/turntaking/arms.ts'
import { soundFigures, turnFigures } from '../../../scripts/bench/turntaking/figures.ts'
import { allItems } from '../../../scripts/bench/turntaking/items/allItems.ts'
import { chosenOf, type Item, isTurn } from '../../../scripts/bench/turntaking/items/items.ts'
import { playSound } from '../../../scripts/bench/turntaking/playSound.ts'
import { playTurn } from '../../../scripts/bench/turntaking/playTurn.ts'
import { createLiveApp, type LiveApp } from '../../support/fakes/fakeLive.ts'
import { scriptedDetector } from '../../support/hearing/fakeDetector.ts'
import { activity, clips } from '../../support/hearing/heardClips.ts'

/**
 * The short form of `npm run bench:turntaking`: real clips, one of them in place of the voices, the real ears, scripted engines, one item
 * of most sets, all at once. What depends on how busy the machine is is measured by the bench, and nothing of it is asserted.
 */

const arm = armOf('balanced')
let live: LiveApp
let url: string
let items: Item[]

beforeAll(async () => {
  const reply = Array.from({ length: 40 }, (_, index) => ` This is sentence ${index} of it.`)
  const script = { reply, clauseAudioMs: 1000, tokenMs: 5 }
  live = await createLiveApp({ activity, detector: scriptedDetector([0.9]).detector, script })
  await live.app.listen({ host: '127.0.0.1', port: 0 })
  url = `http://127.0.0.1:${(live.app.server.address() as AddressInfo).port}`
  const question = clips.find(({ file }) => file === 'azure-weather.wav')?.samples ?? new Int16Array()
  items = await allItems(clips, async () => question, 1, 1)
})
afterAll(() => live.app.close())

test('every item of what people say gets a verdict', async () => {
  const sets = ['room-tone', 'trailing-um', 'numbers', 'short-answer']
  const chosen = chosenOf(items, { sets, speakers: 'all', count: 1, seed: 1 }).filter(isTurn)
  expect(chosen.map(({ set }) => set).toSorted()).toEqual(sets.toSorted())
  const outcomes = await Promise.all(
    chosen.map(async item => ({
      ...{ arm: arm.name, item, cpuSeconds: null },
      played: await playTurn(url, item, arm),
    })),
  )
  for (const { item, played } of outcomes) {
    expect(played.decidedMs, item.clip).toBeGreaterThan(0)
    expect(played.tokenReleasedMs, item.clip).toBeGreaterThan(0)
    expect(played.hold === null, item.clip).toBe(item.hold === null)
  }
  expect(turnFigures(arm.name, outcomes)).toMatchObject({ items: 4, holds: 3, unheard: 0, unanswered: 0 })
})

test('every sound over a reply gets a verdict', async () => {
  const sets = ['listening-word', 'tv', 'echo', 'stop-words']
  const chosen = chosenOf(items, { sets, speakers: 'all', count: 1, seed: 1 }).flatMap(item =>
    isTurn(item) ? [] : [item],
  )
  expect(chosen).toHaveLength(4)
  const outcomes = await Promise.all(
    chosen.map(async item => ({
      ...{ arm: arm.name, item, cpuSeconds: null },
      played: await playSound(url, item, arm),
    })),
  )
  expect(outcomes.filter(({ played }) => played.isVoid)).toEqual([])
  expect(soundFigures(arm.name, outcomes)).toMatchObject({ real: 1, fake: 3, voids: 0 })
})
