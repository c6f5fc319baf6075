import { expect, test } from 'vitest'
import { stages } from '../../../client/help/stages.ts'
import { waterfallBars } from '../../../client/timing/waterfallBars.ts'
import { makeTurn } from '../../support/record/records.ts'

test('each bar of a waterfall is explained, by the name that it has there', () => {
  const bars = Array.from({ length: 60 }, (_, i) => waterfallBars(makeTurn(i).record)).flat()
  expect(bars.length).toBeGreaterThan(100)
  for (const { id, label } of bars) {
    const [name = ''] = stages[id] ?? []
    expect(name, id).not.toBe('')
    if (label !== 'Until you let go') expect(label.startsWith(name), `${label} is called ${name}`).toBe(true)
  }
})
