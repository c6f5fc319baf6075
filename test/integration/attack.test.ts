import { expect, test } from 'vitest'
import { react, wireCases } from '../../scripts/attack/frames/frameAttack.ts'
import { startTarget } from '../../scripts/attack/target.ts'

test('every kind of handshake and frame has the reaction that WebSockets have', async () => {
  const { url, stop } = await startTarget()
  const wrong: string[] = []
  for (const { name, bytes, expected } of wireCases) {
    const fault = expected(await react(url, [bytes]))
    if (fault !== null) wrong.push(`${name}: ${fault}`)
  }
  await stop()
  expect(wrong).toEqual([])
})
