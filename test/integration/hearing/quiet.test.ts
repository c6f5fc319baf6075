import { describe, expect, test } from 'vitest'
import { hear, hearQuiet, levelsHeard } from '../../../scripts/bench/quiet/quietSpeech.ts'
import type { SpeechClip } from '../../../scripts/bench/speechClips.ts'
import { atLevel, inRoom } from '../../../scripts/bench/turntaking/items/levels.ts'
import { activity, clips } from '../../support/hearing/heardClips.ts'

/** `npm run bench:quiet` has more clips, and the words. */

const MOST_LATE_MS = 150

const ofKind = (kind: SpeechClip['kind']) => clips.filter(clip => clip.kind === kind)

describe('a quiet question', () => {
  test('behind a loud one is heard from its beginning, and as much of it as alone', async () => {
    const spoken = ofKind('speech')
    expect(spoken.length).toBeGreaterThan(3)
    const spokenMs = (all: readonly { speechMs: number }[]) => all.reduce((sum, one) => sum + one.speechMs, 0)
    for (const [index, clip] of spoken.entries()) {
      const other = spoken[(index + 1) % spoken.length] as SpeechClip
      const { lateMs, quiet, behindLoud } = await hearQuiet(activity, clip, other)
      expect(lateMs, clip.file).toBeLessThanOrEqual(MOST_LATE_MS)
      expect(spokenMs(behindLoud), clip.file).toBeGreaterThan(0.9 * spokenMs(quiet))
    }
  })
})

test('what is no speech begins nothing, however loud or quiet it is, nor behind something loud', async () => {
  const sounds = ofKind('nonspeech')
  expect(sounds.length).toBeGreaterThan(0)
  for (const clip of sounds)
    expect(await levelsHeard(activity, clip, ofKind('speech')[0] as SpeechClip), clip.file).toEqual([])
})

test('what one session heard is forgotten with it: the next hears as the first did', async () => {
  const [loud, other] = ofKind('speech')
  const question = inRoom(atLevel((other as SpeechClip).samples, -50))
  const before = await hear(activity, question)
  await hear(activity, atLevel((loud as SpeechClip).samples, -12))
  expect(await hear(activity, question)).toEqual(before)
  expect(before.utterances.length).toBeGreaterThan(0)
})
