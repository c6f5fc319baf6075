import type { SpeechLevel } from '../../../protocol/comparisonResult.ts'
import type { SpeechArm, SpeechDecode } from '../../observations.ts'
import { type Beside, besideReference, isOfArm, type Rule } from '../arms.ts'
import { shareFigure, timingFigure } from '../figures.ts'
import { loadFigures } from '../language/loads.ts'
import { energyFigure, undisturbed } from '../repeated.ts'
import type { Run } from '../run.ts'
import { departureFromReference, errorFigures, inventedWords, worstClips } from './transcripts.ts'

/** Bounds of the bins by clip length, seconds. */
const lengthBounds = [0, 2, 5, 10, 30]

type Observed = ReturnType<typeof observedSpeech>

/** What was observed of one level; `noise` takes the second measuring of the reference. */
export function observedSpeech(run: Run, name: string, noise: boolean) {
  const ofArm = isOfArm(name, noise)
  const spoken = new Set(run.plan.clips.filter(({ kind }) => kind === 'speech').map(({ id }) => id))
  const decodes = run.decodes.filter(ofArm)
  return {
    loads: run.speechLoads.filter(ofArm),
    decodes,
    spoken: decodes.filter(({ clip }) => spoken.has(clip)),
    batches: run.batches.filter(one => one.side === 'speech' && ofArm(one)),
    failures: run.failures.filter(one => one.side === 'speech' && ofArm(one)).length,
  }
}

/** All figures of a level beside its reference; of the noise arm, beside the same level's first measuring. */
export function judgeSpeechLevel(run: Run, arm: SpeechArm, noise = false): SpeechLevel {
  const { clips } = run.plan
  const { own, referenceName, rule, both } = besideReference(run, arm, noise, observedSpeech)
  const timing = (figure: string, unit: string, read: (decode: SpeechDecode) => number | null) =>
    timingFigure(...both(({ spoken }) => undisturbed(spoken, ({ clip }) => clip, read)), rule(figure, unit))
  return {
    ...arm,
    madeFrom: arm.madeFrom ?? null,
    reference: referenceName,
    failures: own.failures,
    figures: {
      ...loadFigures(both, rule),
      inferenceMs: timing('inferenceMs', 'ms', decode => decode.inferenceMs),
      realTimeFactor: timing('realTimeFactor', '× audio', realTimeFactor),
      ...errorFigures(...both(({ decodes }) => decodes), clips, rule),
      wordErrorRateToReference: departureFromReference(
        ...both(({ spoken }) => spoken),
        rule('wordErrorRateToReference', '%'),
      ),
      inventedWords: inventedWords(...both(({ decodes }) => decodes), clips, rule('inventedWords', 'words')),
      repeatedDecodingShare: shareFigure(
        own.decodes.filter(({ passes }) => passes > 1).length,
        own.decodes.length,
      ),
      cpuSecondsPerAudioSecond: timing('cpuSecondsPerAudioSecond', 's/s', ({ cpuSeconds, audioMs }) =>
        cpuSeconds === null || audioMs === 0 ? null : cpuSeconds / (audioMs / 1000),
      ),
      joulesPerTurn: energyFigure(...both(({ batches }) => batches), rule('joulesPerTurn', 'J')),
    },
    realTimeFactorByLength: byLength(both, rule),
    worstClips: worstClips(own.decodes, clips),
  }
}

const realTimeFactor = ({ inferenceMs, audioMs }: SpeechDecode) =>
  audioMs === 0 ? null : inferenceMs / audioMs

/** Short clips cost more for each second, since the encoder's window does not shrink with them. */
function byLength(both: Beside<Observed>, rule: Rule) {
  return lengthBounds.flatMap((fromSeconds, i) => {
    const belowSeconds = lengthBounds[i + 1] ?? null
    const of = ({ spoken }: Observed) =>
      undisturbed(
        spoken.filter(
          ({ audioMs }) => audioMs >= fromSeconds * 1000 && audioMs < (belowSeconds ?? Infinity) * 1000,
        ),
        ({ clip }) => clip,
        realTimeFactor,
      )
    const figure = timingFigure(...both(of), rule('realTimeFactor', '× audio'))
    return figure.n === 0 ? [] : [{ fromSeconds, belowSeconds, figure }]
  })
}

/** Times to hear each clip, as they are compared. */
export const hearingTimes = ({ spoken }: Observed) =>
  undisturbed(
    spoken,
    ({ clip }) => clip,
    ({ inferenceMs }) => inferenceMs,
  )
