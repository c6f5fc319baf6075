import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type TrackerEvent,
  type TrackerOptions,
  track,
  trackEnd,
  trackerDefaults,
  trackerStart,
} from '../../../server/hearing/speechTracker.ts'

/** Frames of 32 ms: `_` silence, `#` speech, `-` between release and onset. */
function events(frames: string, options: Partial<TrackerOptions> = {}, ends = true): TrackerEvent[] {
  const probabilities: Record<string, number> = { _: 0.02, '#': 0.95, '-': 0.4 }
  const found: TrackerEvent[] = []
  let state = trackerStart
  for (const frame of frames) {
    const step = track(state, probabilities[frame] ?? 0, { ...trackerDefaults, silenceMs: 320, ...options })
    state = step.state
    if (step.event !== null) found.push(step.event)
  }
  const last = ends ? trackEnd(state) : null
  return last === null ? found : [...found, last]
}

const frame = 32

describe('speech', () => {
  test('starts at its first voiced frame and ends at its last', () => {
    expect(events('___##########___________')).toEqual([
      { type: 'started', positionMs: 3 * frame },
      { type: 'paused', lastVoicedMs: 13 * frame, speechMs: 10 * frame },
      {
        type: 'ended',
        startMs: 3 * frame,
        lastVoicedMs: 13 * frame,
        speechMs: 10 * frame,
        reason: 'silence',
      },
    ])
  })

  test('a pause shorter than the silence does not split it', () => {
    expect(events('##########_______##########').map(({ type }) => type)).toEqual([
      'started',
      'paused',
      'resumed',
      'ended',
    ])
  })

  test('a longer one does', () => {
    expect(events('##########____________##########').filter(({ type }) => type === 'ended')).toHaveLength(2)
  })

  test('goes on between release and onset, but does not begin there', () => {
    expect(events('----------')).toEqual([])
    expect(events('#####-----')).toMatchObject([{ type: 'started' }, { type: 'ended', speechMs: 10 * frame }])
  })

  test('a click or a cough is nothing, and neither are many of them', () => {
    expect(events('__##__________####________##_________')).toEqual([])
  })

  test('is ended when it gets too long', () => {
    const found = events('#'.repeat(100), { maxUtteranceMs: 40 * frame })
    expect(found.filter(({ type }) => type === 'ended')).toMatchObject([
      { reason: 'too-long', startMs: 0 },
      { reason: 'too-long' },
      { reason: 'end' },
    ])
  })
})

test('events of any probabilities are well ordered', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('_', '#', '-'), { maxLength: 300 }), frames => {
      let open = false
      let paused = false
      let position = 0
      for (const event of events(frames.join(''))) {
        if (event.type === 'started') {
          expect(open).toBe(false)
          expect(event.positionMs).toBeGreaterThanOrEqual(position)
          open = true
        } else {
          expect(open).toBe(true)
          expect(event.lastVoicedMs).toBeGreaterThanOrEqual(position)
          position = event.lastVoicedMs
          if (event.type !== 'ended') expect(paused).toBe(event.type === 'resumed')
          paused = event.type === 'paused'
          open = event.type !== 'ended'
        }
      }
      expect(open).toBe(false)
    }),
  )
})
