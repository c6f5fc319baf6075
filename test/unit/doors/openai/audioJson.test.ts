import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readAudioJson } from '../../../../server/doors/openai/rest/audioJson.ts'

const MAX_JSON_BYTES = 2 ** 20
const bodyOf = (...data: string[]) => Buffer.from(JSON.stringify({ input: data.map(one => ({ data: one })) }))

/** What is read, and how often others had their turn meanwhile. */
async function read(body: Buffer) {
  let turns = 0
  let isOver = false
  const turn = () => {
    turns++
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  const { audio } = await readAudioJson(body, MAX_JSON_BYTES)
  isOver = true
  return { audio, turns }
}

describe('sound in JSON', () => {
  test('of 33 MB, in one text or in many, lets others have their turn while it is decoded', async () => {
    const sound = randomBytes(24 * 2 ** 20)
    const base64 = sound.toString('base64')
    const whole = await read(bodyOf(base64))
    expect(whole.audio[0]?.equals(sound)).toBe(true)
    expect(whole.turns).toBeGreaterThan(20)
    const step = 9000
    const many = await read(bodyOf(...(base64.match(new RegExp(`.{1,${step}}`, 'g')) ?? [])))
    expect(Buffer.concat(many.audio).equals(sound)).toBe(true)
    expect(many.turns).toBeGreaterThan(20)
  })

  test.each([1_000_000, 1_000_001, 1_000_002, 393_216, 393_217])(
    'of %i bytes is what Buffer.from makes of it, with spaces, padding or neither, and in the alphabet of addresses',
    async length => {
      const sound = randomBytes(length)
      const base64 = sound.toString('base64')
      const spaced = base64.replace(/.{76}/g, '$& ')
      const variants = [base64, base64.replace(/=+$/, ''), spaced, sound.toString('base64url')]
      const { audio } = await readAudioJson(bodyOf(...variants), MAX_JSON_BYTES)
      expect(audio.map(one => one.equals(sound))).toEqual(variants.map(() => true))
    },
  )

  test.each(['=', '==YWJj', ':,;YWJj', 'é', 'Y'])(
    'followed by %j is what Buffer.from makes of it',
    async end => {
      const text = randomBytes(600_000).toString('base64') + end
      const { audio } = await readAudioJson(Buffer.from(`{"data":"${text}"}`), MAX_JSON_BYTES)
      expect(audio[0]?.equals(Buffer.from(Buffer.from(text).toString('latin1'), 'base64'))).toBe(true)
    },
  )
})
