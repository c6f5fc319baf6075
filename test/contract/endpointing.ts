import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Ending, Endpointing, Pause } from '../../server/hearing/endpointing.ts'
import { FRAME_MS } from '../../server/hearing/voiceActivity.ts'
import { endRules } from '../../server/protocol/record.ts'

/** No turn waits longer, whatever was said. */
const LONGEST_WAIT_MS = 3000

const pauseOf = (silenceMs: number, text: string | null): Pause => ({
  segments: [{ startMs: 320, endMs: 1600 }],
  speechMs: 1280,
  silenceMs,
  samples: () => new Int16Array(16 * (1600 + silenceMs)).fill(100),
  said: text === null ? null : { text, endsHere: null },
})

/** What every endpointing keeps to, as a listener asks it; `make` gives a new one for each pause. */
export function endpointingContract(name: string, make: () => Endpointing): void {
  describe(`the endpointing ${name}`, () => {
    /** Asks as a listener does, in a pause that goes on; gives the silences at which it was asked, and why it was over. */
    async function askUntilOver(
      endpointing: Endpointing,
      text: string | null,
    ): Promise<{ askedAt: number[]; over: Ending }> {
      const askedAt: number[] = []
      let nextMs = 0
      for (let silenceMs = FRAME_MS; silenceMs <= LONGEST_WAIT_MS + FRAME_MS; silenceMs += FRAME_MS) {
        // Answers come between frames.
        await Promise.resolve()
        if (silenceMs < endpointing.pauseMs || silenceMs < nextMs) continue
        askedAt.push(silenceMs)
        const verdict = endpointing.decide(pauseOf(silenceMs, text))
        if (verdict === 'not-yet') break
        if ('over' in verdict) return { askedAt, over: verdict.over }
        expect(verdict.askAgainInMs).toBeGreaterThan(0)
        nextMs = silenceMs + verdict.askAgainInMs
      }
      return expect.fail('it never ends the turn')
    }

    test('counts as a pause what is no longer than a breath', () => {
      expect(make().pauseMs).toBeGreaterThanOrEqual(FRAME_MS)
      expect(make().pauseMs).toBeLessThanOrEqual(200)
    })

    test('ends every turn within bounds, and none at its first pause at once', async () => {
      for (const text of [null, '', 'It was said.', 'It was the']) {
        const { askedAt, over } = await askUntilOver(make(), text)
        expect(endRules).toContain(over.decidedBy)
        expect(askedAt.length).toBeGreaterThan(1)
        expect(askedAt.at(-1)).toBeLessThan(LONGEST_WAIT_MS + FRAME_MS)
      }
    })

    test('treats the second pause of an utterance as the first', async () => {
      const endpointing = make()
      endpointing.decide(pauseOf(endpointing.pauseMs, null))
      const again = await askUntilOver(endpointing, 'It was said.')
      expect(again).toEqual(await askUntilOver(make(), 'It was said.'))
    })

    test('does not change the audio that it looks at', () => {
      fc.assert(
        fc.property(fc.array(fc.integer({ min: -32_768, max: 32_767 }), { minLength: 600 }), values => {
          const samples = Int16Array.from(values)
          make().decide({ ...pauseOf(64, null), samples: () => samples })
          expect([...samples]).toEqual(values)
        }),
        { numRuns: 10 },
      )
    })
  })
}
