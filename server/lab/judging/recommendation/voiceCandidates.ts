import type { ComparedVoice } from '../../../protocol/comparisonResult.ts'
import { plainFigure } from '../figures.ts'
import type { Run } from '../run.ts'
import { observedVoice, soundTimes } from '../voices/voices.ts'
import type { Candidate } from './candidate.ts'
import { judgedByWordErrors } from './wordErrors.ts'

/** The voices as candidates, by what is heard wrong of them; how they sound to people nothing here tells. */
export function voiceCandidates(run: Run, voices: readonly ComparedVoice[]): Candidate[] {
  const reference = voices.find(voice => voice.reference === null)?.name ?? null
  const available = run.plan.voices?.texts.length ?? 0
  return voices.map(({ name, figures }) => ({
    name,
    times: soundTimes(observedVoice(run, name, false)),
    timeMs: figures.firstSoundMs.value,
    firstTokenMs: 0,
    memoryBytes: figures.residentBytes.value,
    ...judgedByWordErrors({
      ...{ name, reference, available, of: 'texts' },
      figure: name === reference ? plainFigure('%') : figures.wordErrorRate,
      departs: false,
      limit: undefined,
    }),
  }))
}
