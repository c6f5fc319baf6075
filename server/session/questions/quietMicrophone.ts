import { joinSamples, levelDb, samplesIn } from '../../audio/pcm.ts'
import type { Speech } from '../../audio/utterance.ts'
import type { Sink } from '../events.ts'

/**
 * RMS of the voiced parts, dBFS. Voice activity hears the public clips whole down to this, and at −70 dBFS four fifths of what is voiced
 * in them and one of 27 not at all.
 */
const VERY_QUIET_DB = -60

const MESSAGE = 'The microphone is very quiet: some of what you say may be lost.'
const MEND =
  'Turn its level up in the sound settings of the system, come nearer, or choose another microphone.'

/** Tells who speaks so quietly (mono, 16 kHz) that it is hard to hear. */
export function tellIfQuiet(turnId: string, samples: Int16Array, { segments }: Speech, { tell }: Sink): void {
  const voiced = segments.map(({ startMs, endMs }) => samples.subarray(samplesIn(startMs), samplesIn(endMs)))
  if (levelDb(joinSamples(voiced)) < VERY_QUIET_DB)
    tell({ type: 'hint', turnId, hint: 'quiet-microphone', message: MESSAGE, mend: MEND })
}
