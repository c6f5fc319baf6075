import type { Figure } from '../../protocol/comparisonFigures.ts'
import type { Pair } from '../../protocol/comparisonResult.ts'
import type { FromSpeechEnd } from '../../protocol/record.ts'
import { median } from '../../shared/quantiles.ts'
import { type PairTurn, pairName, type Together } from '../observations.ts'
import { besides, rulesOf } from './arms.ts'
import { plainFigure, readingFigure, shareFigure, timingFigure } from './figures.ts'
import { isNumber } from './measured.ts'
import { energyFigure, undisturbed } from './repeated.ts'
import type { Run } from './run.ts'
import { observedVoice } from './voices/voices.ts'
import { comparedWords } from './words/normalizeEnglish.ts'

/** The pair of both references, which the others are compared with. */
export function referencePair(run: Run): string | null {
  const { speech, llm } = run.plan.reference
  const voice = run.plan.voices?.arms[0]?.name ?? null
  return speech === null || llm === null ? null : pairName({ speech, llm, voice })
}

/** The pairs that turns were made of, in the order in which they were first made. */
export const pairsOf = (run: Run) => [
  ...new Map(
    run.turns.map(({ speech, llm, voice = null }): [string, Together] => {
      const together = { speech, llm, voice }
      return [pairName(together), together]
    }),
  ).values(),
]

const isAnswered = ({ record }: PairTurn) => record.outcome === 'completed'

function observed(run: Run, name: string, noise: boolean) {
  const turns = run.turns.filter(turn => pairName(turn) === name && turn.noise === noise)
  const isPair = (one: { side: string; arm: string | null; noise: boolean }) =>
    one.side === 'pair' && one.arm === name && one.noise === noise
  return {
    turns,
    answered: turns.filter(isAnswered),
    batches: run.batches.filter(isPair),
    failures:
      run.failures.filter(isPair).length + turns.filter(({ record }) => record.outcome === 'failed').length,
  }
}

/** All figures of a pair beside what the references are together; of the noise arm, beside that pair's first measuring. */
export function judgePair(run: Run, together: Together, noise = false): Pair {
  const { speech, llm, voice } = together
  const name = pairName(together)
  const own = observed(run, name, noise)
  const other = referencePair(run)
  const isReference = other === name && !noise
  const reference = other === null || isReference ? null : observed(run, other, false)
  const measured = reference !== null && reference.turns.length > 0
  const rule = rulesOf(run, name, noise)
  const both = besides(own, measured ? reference : null)
  const timing = (figure: string, unit: string, read: (turn: PairTurn) => number | null) =>
    timingFigure(
      ...both(({ answered }) => undisturbed(answered, ({ clip }) => clip, read)),
      rule(figure, unit),
    )
  const from = (field: keyof FromSpeechEnd) => timing(field, 'ms', turn => turn.record.fromSpeechEnd[field])
  return {
    name,
    speech,
    llm,
    voice: voice ?? null,
    reference: measured ? other : null,
    turns: own.turns.length,
    failures: own.failures,
    figures: {
      residentBytes: readingFigure(
        ...both(({ answered }) => answered.map(turn => residentBytes(run, turn)).filter(isNumber)),
        rule('residentBytes', 'bytes'),
      ),
      turnDecidedMs: from('turnDecidedMs'),
      commitMs: from('commitMs'),
      transcriptMs: from('transcriptMs'),
      firstTokenMs: from('firstTokenMs'),
      firstClauseMs: from('firstClauseMs'),
      firstAudioMs: from('firstAudioMs'),
      playbackStartedMs: from('playbackStartedMs'),
      replyDoneMs: from('replyDoneMs'),
      ...changes(run, own.answered, speech, llm),
      cpuSecondsPerTurn: timing('cpuSecondsPerTurn', 's', turn => turn.cpuSeconds),
      joulesPerTurn: energyFigure(...both(({ batches }) => batches), rule('joulesPerTurn', 'J')),
    },
  }
}

/**
 * Both models of a turn, and the voice as it was measured alone; null where one is not known, since the sum would look small. A voice
 * that another program serves takes none of this machine's memory that is known.
 */
function residentBytes(run: Run, { voice, record: { memory } }: PairTurn): number | null {
  const { speechResidentBytes, llmResidentBytes } = memory
  if (speechResidentBytes === null || llmResidentBytes === null) return null
  return speechResidentBytes + llmResidentBytes + (voice ? (voiceBytes(run, voice) ?? 0) : 0)
}

function voiceBytes(run: Run, voice: string): number | null {
  const readings = observedVoice(run, voice, false)
    .loads.map(load => load.residentBytes)
    .filter(isNumber)
  return readings.length === 0 ? null : median(readings)
}

/**
 * How often the speech level changed what the same tag was asked, and how often it then answered something else, held
 * against the turns of the reference level with that tag. An answer that differs although the transcript does not is
 * not the level's doing and not counted.
 */
function changes(
  run: Run,
  answered: readonly PairTurn[],
  speech: string,
  llm: string,
): { changedTranscriptShare: Figure; changedAnswerShare: Figure } {
  const level = run.plan.reference.speech
  if (level === null || level === speech) {
    return { changedTranscriptShare: plainFigure('%'), changedAnswerShare: plainFigure('%') }
  }
  const place = ({ round, clip }: PairTurn) => `${round} ${clip}`
  const baseline = new Map(
    run.turns
      .filter(turn => turn.speech === level && turn.llm === llm && !turn.noise && isAnswered(turn))
      .map(turn => [place(turn), turn]),
  )
  const held = answered.flatMap(turn => {
    const before = baseline.get(place(turn))
    if (before === undefined) return []
    const asked = comparedWords(turn.transcript).join(' ') !== comparedWords(before.transcript).join(' ')
    return [{ asked, told: asked && turn.reply.trim() !== before.reply.trim() }]
  })
  return {
    changedTranscriptShare: shareFigure(held.filter(({ asked }) => asked).length, held.length),
    changedAnswerShare: shareFigure(held.filter(({ told }) => told).length, held.length),
  }
}
