import { expect, test } from 'vitest'
import { type Attack, type Dice, runAttack } from '../../scripts/attack/attack.ts'

const attackBy = (attempt: (dice: Dice) => Promise<{ ending: string; fault: string | null }>): Attack => ({
  name: 'scripted',
  description: '',
  shortCount: 1,
  start: async () => ({ attempt, stop: async () => {} }),
})

async function run(attack: Attack, count: number, first = 0) {
  const lines: string[] = []
  const faults = await runAttack(attack, { count, seed: 7, first }, line => lines.push(line))
  return { faults, told: lines.join('\n') }
}

test('a case is the same whether others ran before it or not', async () => {
  const rolled: number[] = []
  const attack = attackBy(async dice => {
    rolled.push(dice.below(1e9))
    return { ending: 'heard', fault: null }
  })
  await run(attack, 5)
  await run(attack, 1, 3)
  expect(new Set(rolled).size).toBe(5)
  expect(rolled[5]).toBe(rolled[3])
})

test('what is wrong, thrown, or left to nobody is a fault with the number of its case', async () => {
  let cases = 0
  const attack = attackBy(async () => {
    const number = cases++
    if (number === 1) throw new Error('out of order')
    if (number === 2) {
      void Promise.reject(new Error('left alone'))
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    return { ending: 'answered', fault: number === 3 ? 'not what it should be' : null }
  })
  const { faults, told } = await run(attack, 5)
  expect(faults).toBe(3)
  expect(told).toMatch(/case 1: Error: out of order/)
  expect(told).toMatch(/case 2: nobody caught Error: left alone/)
  expect(told).toMatch(/case 3: not what it should be/)
  expect(told).toMatch(/4 × answered/)
})
