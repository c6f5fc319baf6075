import type { ComparedVoice } from '../../../protocol/comparisonResult.ts'
import type { Clip, SpokenText } from '../../input.ts'
import type { VoiceArm, VoiceSpoken } from '../../observations.ts'
import { besideReference, isOfArm } from '../arms.ts'
import { timingFigure } from '../figures.ts'
import { sizeFigures } from '../language/loads.ts'
import { undisturbed } from '../repeated.ts'
import type { Run } from '../run.ts'
import { errorFigures, worstClips } from '../speech/transcripts.ts'

type Observed = ReturnType<typeof observedVoice>

/** What was observed of one voice; `noise` takes the second measuring of the first. */
export function observedVoice(run: Run, name: string, noise: boolean) {
  const ofArm = isOfArm(name, noise)
  const spoken = run.spoken.filter(ofArm)
  return {
    loads: run.voiceLoads.filter(ofArm),
    spoken,
    heard: spoken.flatMap(({ text, round, transcript }) =>
      transcript === null ? [] : [{ clip: text, round, transcript }],
    ),
    failures: run.failures.filter(one => one.side === 'voice' && ofArm(one)).length,
  }
}

/** The texts as what the ear should have heard. */
export const heardTexts = (texts: readonly SpokenText[]): Pick<Clip, 'id' | 'kind' | 'text'>[] =>
  texts.map(({ id, said }) => ({ id, kind: 'speech', text: said }))

/** All figures of a voice beside the first; of the noise arm, beside the first's own first measuring. */
export function judgeVoice(run: Run, arm: VoiceArm, noise = false): ComparedVoice {
  const texts = heardTexts(run.plan.voices?.texts ?? [])
  const { own, referenceName, rule, both } = besideReference(run, arm, noise, observedVoice)
  const timing = (figure: string, unit: string, read: (spoken: VoiceSpoken) => number | null) =>
    timingFigure(...both(({ spoken }) => undisturbed(spoken, ({ text }) => text, read)), rule(figure, unit))
  return {
    ...arm,
    reference: referenceName,
    failures: own.failures,
    figures: {
      ...sizeFigures(both, rule),
      firstAudioMs: timing('firstAudioMs', 'ms', ({ firstAudioMs }) => firstAudioMs),
      firstSoundMs: timing('firstSoundMs', 'ms', firstSoundMs),
      realTimeFactor: timing('realTimeFactor', '× audio', ({ totalMs, audioMs }) =>
        audioMs === 0 ? null : totalMs / audioMs,
      ),
      ...errorFigures(...both(({ heard }) => heard), texts, rule),
    },
    worstTexts: worstClips(own.heard, texts),
  }
}

/** Until a listener hears something: what comes first may be silent. */
const firstSoundMs = ({ firstAudioMs, silentMs }: VoiceSpoken) => firstAudioMs + silentMs

/** Times until each text is heard, as they are compared. */
export const soundTimes = ({ spoken }: Observed) => undisturbed(spoken, ({ text }) => text, firstSoundMs)
