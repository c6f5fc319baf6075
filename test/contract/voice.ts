import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SpokenAudio } from '../../server/voice/synthesize.ts'
import type { Played, Voice } from '../../server/voice/voice.ts'

const reply = 'One two three. Four five **six**. Seven eight.'
const clauseRanges = [
  { start: 0, end: 14 },
  { start: 15, end: 33 },
  { start: 34, end: 46 },
]
const clauseMs = 1000
const wholeMs = clauseRanges.length * clauseMs

/** A reply that was sent to its end and has come so far, from 0 to 1, as both kinds of listener tell it. */
function played(share: number, change: Partial<Played> = {}): Played {
  return {
    reply,
    clauses: clauseRanges.map(range => ({ ...range, audioMs: clauseMs, sentMs: clauseMs })),
    positionMs: share * wholeMs,
    sentMs: wholeMs,
    spokenLength: Math.round(share * reply.length),
    stopped: false,
    ...change,
  }
}

const nothingSent: Partial<Played> = { clauses: [], positionMs: 0, sentMs: 0, spokenLength: null }

/** What every voice keeps to, whoever speaks. `make` gives it by its own name. */
export function voiceContract(name: string, make: () => Voice): void {
  describe(`the voice ${name}`, () => {
    test('says all letters of English, and pronounces whatever it says all letters of', () => {
      const voice = make()
      expect(voice.saysAll('What a café, 2 of 3!')).toBe(true)
      for (const text of ['Привет', '你好', 'word'])
        if (voice.saysAll(text)) expect(voice.pronounces(text)).toBe(true)
    })

    test('bears its name, and tells languages by their codes or not at all', () => {
      const voice = make()
      expect(voice.name).not.toBe('')
      for (const code of voice.languages ?? ['en']) expect(code).toMatch(/^[a-z]{2}$/)
    })

    test.each([
      ['Hello.', true],
      ['42', true],
      ['', false],
      ['  \n', false],
      ['…!?', false],
      ['🙂', false],
    ])('pronounces %j: %s', (text, expected) => {
      expect(make().pronounces(text)).toBe(expected)
    })

    test('speaks if it is of the kind that does: in order, and more for more', async () => {
      const { kind, speak } = make()
      expect(speak === null).toBe(kind !== 'speak')
      if (kind !== 'speak') return
      const [short, long] = await Promise.all([
        samplesOf(speak('Yes.', new AbortController().signal)),
        samplesOf(speak('Yes. '.repeat(4), new AbortController().signal)),
      ])
      expect(short).toBeGreaterThan(0)
      expect(long).toBeGreaterThanOrEqual(short)
    })

    test('yields nothing for what it does not pronounce', async () => {
      const { speak } = make()
      if (speak !== null) expect(await samplesOf(speak('🙂 …', new AbortController().signal))).toBe(0)
    })

    test("rejects with the signal's reason when it is interrupted, and speaks the next clause", async () => {
      const { speak } = make()
      if (speak === null) return
      const reason = new Error('interrupted')
      await expect(samplesOf(speak('Yes.', AbortSignal.abort(reason)))).rejects.toBe(reason)
      const leaver = new AbortController()
      const interrupted = samplesOf(speak('And so on and on. '.repeat(500), leaver.signal))
      setTimeout(() => leaver.abort(reason), 5)
      await expect(interrupted).rejects.toBe(reason)
      expect(await samplesOf(speak('Yes.', new AbortController().signal))).toBeGreaterThan(0)
    })

    test('remembers the whole of a reply that was heard to its end, and counts it as played', () => {
      const voice = make()
      expect(voice.heard(played(1))).toBe(reply)
      expect(voice.allPlayed(played(1))).toBe(true)
    })

    test('remembers nothing of a reply that was stopped before anything was heard', () => {
      const voice = make()
      expect(voice.heard(played(0, { ...nothingSent, stopped: true }))).toBe('')
      expect(voice.heard(played(1, { ...nothingSent, reply: '', stopped: true }))).toBe('')
    })

    test('remembers a beginning of the reply that grows with the playback and ends with a word', () => {
      const voice = make()
      const share = fc.double({ min: 0, max: 1, noNaN: true })
      fc.assert(
        fc.property(share, share, fc.boolean(), (one, other, stopped) => {
          const shorter = voice.heard(played(Math.min(one, other), { stopped }))
          const longer = voice.heard(played(Math.max(one, other), { stopped }))
          expect(longer.startsWith(shorter)).toBe(true)
          expect(reply.startsWith(longer)).toBe(true)
          if (longer !== '') expect(reply.charAt(longer.length).trim()).toBe('')
        }),
      )
    })

    test('waits for word of the playback while something is left to be heard, and for no empty reply', () => {
      const voice = make()
      const { kind } = voice
      expect(voice.playbackWithinMs(played(0, { ...nothingSent, reply: '' }))).toBeNull()
      expect(voice.allPlayed(played(0, { ...nothingSent, reply: '' }))).toBe(true)
      expect(voice.allPlayed(played(0))).toBe(kind === 'none')
      const [atBeginning, atEnd] = [voice.playbackWithinMs(played(0)), voice.playbackWithinMs(played(1))]
      if (kind === 'none') expect([atBeginning, atEnd]).toEqual([null, null])
      else {
        expect(atBeginning).toBeGreaterThan(wholeMs)
        expect(atEnd).toBeGreaterThan(0)
        expect(atEnd).toBeLessThanOrEqual(atBeginning ?? 0)
      }
    })
  })
}

/** Samples of all stretches, each of which is checked. */
async function samplesOf(audio: AsyncIterable<SpokenAudio>): Promise<number> {
  let count = 0
  for await (const { samples, sampleRate, inferenceMs = 0 } of audio) {
    expect(samples.length).toBeGreaterThan(0)
    expect(sampleRate).toBeGreaterThanOrEqual(8000)
    expect(inferenceMs).toBeGreaterThanOrEqual(0)
    count += samples.length
  }
  return count
}
