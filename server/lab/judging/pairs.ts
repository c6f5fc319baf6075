import type { Figure } from '../../protocol/comparisonFigures.ts'
import type { Pair } from '../../protocol/comparisonResult.ts'
import type { FromSpeechEnd } from '../../protocol/record.ts'
import { type PairTurn, pairName } from '../observations.ts'
import { besides, rulesOf } from './arms.ts'
import { plainFigure, readingFigure, shareFigure, timingFigure } from './figures.ts'
import { isNumber } from './measured.ts'
import { energyFigure, undisturbed } from './repeated.ts'
import type { Run } from './run.ts'
import { comparedWords } from './words/normalizeEnglish.ts'

/** The pair of both references, which the others are compared with. */
export function referencePair(run: Run): string | null {
  const { speech, llm } = run.plan.reference
  return speech === null || llm === null ? null : pairName(speech, llm)
}

/** The pairs that turns were made of, in the order in which they were first made. */
export const pairsOf = (run: Run) => [
  ...new Map(run.turns.map(({ speech, llm }) => [pairName(speech, llm), { speech, llm }])).values(),
]

function observed(run: Run, name: string, noise: boolean) {
  const turns = run.turns.filter(turn => pairName(turn.speech, turn.llm) === name && turn.noise === noise)
  const isPair = (one: { side: string; arm: string | null; noise: boolean }) =>
    one.side === 'pair' && one.arm === name && one.noise === noise
  return {
    turns,
    answered: turns.filter(({ record }) => record.outcome === 'completed'),
    batches: run.batches.filter(isPair),
    failures:
      run.failures.filter(isPair).length + turns.filter(({ record }) => record.outcome === 'failed').length,
  }
}

/** All figures of a pair beside the pair of references; of the noise arm, beside that pair's first measuring. */
export function judgePair(run: Run, speech: string, llm: string, noise = false): Pair {
  const name = pairName(speech, llm)
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
    reference: measured ? other : null,
    turns: own.turns.length,
    failures: own.failures,
    figures: {
      residentBytes: readingFigure(
        ...both(({ answered }) => answered.map(residentBytes).filter(isNumber)),
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

/** Both models of a turn; null where one is not known, since the sum would look small. */
function residentBytes({ record: { memory } }: PairTurn): number | null {
  const { speechResidentBytes, llmResidentBytes } = memory
  return speechResidentBytes === null || llmResidentBytes === null
    ? null
    : speechResidentBytes + llmResidentBytes
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
    observed(run, pairName(level, llm), false).answered.map(turn => [place(turn), turn]),
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
