import { beforeAll } from 'vitest'
import { ownClips, readSpeechClips, type SpeechClip } from '../../../scripts/bench/speechClips.ts'
import { createFindSpeech, type FindSpeech } from '../../../server/hearing/speechSegments.ts'
import { createVoiceActivity, type VoiceActivity } from '../../../server/hearing/voiceActivity.ts'

/** The real Silero model, which comes with a package, and what it finds in the clips of the tests. */
export let activity: VoiceActivity
export let findSpeech: FindSpeech
export let clips: SpeechClip[]

beforeAll(async () => {
  activity = await createVoiceActivity()
  findSpeech = createFindSpeech(activity)
  clips = await readSpeechClips(ownClips, findSpeech, new AbortController().signal)
})
