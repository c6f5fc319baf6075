import type {
  ComparedVoice,
  ComparisonResult,
  LlmTag,
  Pair,
  SpeechLevel,
} from '../../protocol/comparisonResult.ts'
import { type Axis, front } from './pareto.ts'

const memory: Axis = { figure: 'residentBytes', label: 'Memory', unit: 'bytes', better: 'lower' }
const wordErrors: Axis = { figure: 'wordErrorRate', label: 'Word error rate', unit: '%', better: 'lower' }
const departure: Axis = {
  figure: 'wordErrorRateToReference',
  label: 'Word error against the reference level',
  unit: '%',
  better: 'lower',
}
const rightAnswers: Axis = {
  figure: 'checkedRight',
  label: 'Checked answers right',
  unit: '%',
  better: 'higher',
}
const divergence: Axis = {
  figure: 'klTop20',
  label: 'Divergence from the reference',
  unit: 'nats',
  better: 'lower',
}

const heardWrong: Axis = { ...wordErrors, label: 'Word error rate of what is heard' }
const firstSound: Axis = {
  figure: 'firstSoundMs',
  label: 'Time to a first sound',
  unit: 'ms',
  better: 'lower',
}
const firstToken: Axis = {
  figure: 'firstTokenMs',
  label: 'Speech end to first token',
  unit: 'ms',
  better: 'lower',
}
const firstAudio: Axis = {
  figure: 'firstAudioMs',
  label: 'Speech end to first audio',
  unit: 'ms',
  better: 'lower',
}

/**
 * What each side trades: error, time and memory; all together, the errors of each, time and memory. Without voices that is the time to
 * the first token, with them to the first audio.
 */
export function fronts(
  levels: readonly SpeechLevel[],
  tags: readonly LlmTag[],
  voices: readonly ComparedVoice[],
  pairs: readonly Pair[],
): ComparisonResult['pareto'] {
  const held = tags.filter(({ referenceSource }) => !referenceSource)
  const error = levels.some(({ figures }) => figures.wordErrorRate.n > 0) ? wordErrors : departure
  const errorOfLevel = ({ figures, reference }: SpeechLevel) =>
    error === wordErrors
      ? figures.wordErrorRate.value
      : reference === null
        ? 0
        : figures.wordErrorRateToReference.value
  // A divergence is from the reference of the tag's own family: of several families only the answers compare.
  const oneFamily = new Set(held.map(({ family }) => family)).size < 2
  const diverges = oneFamily && held.some(({ figures }) => figures.klTop20.n > 0)
  const accuracy = diverges ? divergence : rightAnswers
  const accuracyOfTag = ({ figures, reference }: LlmTag) =>
    accuracy === rightAnswers ? figures.checkedRight.value : reference === null ? 0 : figures.klTop20.value
  return {
    speech: front(
      [error, { figure: 'inferenceMs', label: 'Time to hear a clip', unit: 'ms', better: 'lower' }, memory],
      levels.map(level => ({
        name: level.name,
        values: [errorOfLevel(level), level.figures.inferenceMs.value, level.figures.residentBytes.value],
      })),
    ),
    llm: front(
      [
        accuracy,
        { figure: 'firstClauseMs', label: 'Time to a first clause', unit: 'ms', better: 'lower' },
        memory,
      ],
      held.map(tag => ({
        name: tag.name,
        values: [accuracyOfTag(tag), tag.figures.firstClauseMs.value, tag.figures.residentBytes.value],
      })),
    ),
    voices: front(
      [heardWrong, firstSound, memory],
      voices.map(({ name, figures }) => ({
        name,
        values: [figures.wordErrorRate.value, figures.firstSoundMs.value, figures.residentBytes.value],
      })),
    ),
    pairs: front(
      voices.length === 0
        ? [error, accuracy, firstToken, memory]
        : [error, accuracy, heardWrong, firstAudio, memory],
      pairs.map(({ name, speech, llm, voice, figures }) => {
        const level = levels.find(one => one.name === speech)
        const tag = held.find(one => one.name === llm)
        const errors = level === undefined ? null : errorOfLevel(level)
        const right = tag === undefined ? null : accuracyOfTag(tag)
        const { firstTokenMs, firstAudioMs, residentBytes } = figures
        if (voices.length === 0)
          return { name, values: [errors, right, firstTokenMs.value, residentBytes.value] }
        const heard = voices.find(one => one.name === voice)?.figures.wordErrorRate.value ?? null
        return { name, values: [errors, right, heard, firstAudioMs.value, residentBytes.value] }
      }),
    ),
  }
}
