import type { ComparisonResult, LlmTag } from '../../../protocol/comparisonResult.ts'
import { counted } from '../../../shared/figures.ts'
import { writtenNumber } from '../../wording.ts'
import type { Block, Section, Table } from '../document.ts'
import { chartOf, shortNames, tableOf } from '../labels.ts'

export function llmSection(result: ComparisonResult): Section[] {
  const { llm: tags, pareto, recommendation, reference, input } = result
  if (tags.length === 0) return []
  const noted = tags.map(tag => ({
    ...tag,
    ...(tag.referenceSource ? { note: 'the reference was made from it' } : {}),
  }))
  const source = tags.find(({ referenceSource }) => referenceSource)
  return [
    {
      id: 'answers',
      title: 'Answers',
      blocks: [
        {
          kind: 'text',
          text: `${counted(tags.length, 'tag')} answered ${counted(input.questions, 'question')}, ${input.checkedQuestions} of them checked, in ${counted(input.rounds.llm, 'round')} at temperature 0. The reference is ${reference.llm}.`,
        },
        ...(source === undefined
          ? []
          : [
              {
                kind: 'text' as const,
                text: `${source.name} is marked: the weights of the reference were made from it, so its accuracy is not judged, and it is not recommended.`,
              },
            ]),
        ...chartOf(
          pareto.llm,
          `${pareto.llm.axes[0]?.label ?? 'Accuracy'} against time to a first clause; the area is memory. Hollow points are dominated.`,
          shortNames(tags.map(({ name }) => name)),
          recommendation.llm,
        ),
        ...tableOf(
          'Accuracy of tags',
          [
            'checkedRight',
            'tokenAgreement',
            'klTop20',
            'exactMatchShare',
            'firstDivergingToken',
            'outputTokens',
          ],
          noted,
        ),
        ...flips(tags),
        ...tableOf(
          'Time of tags',
          [
            ...['firstTokenMs', 'firstClauseMs', 'tokensPerSecond', 'timePerOutputTokenMs'],
            'promptTokensPerSecond',
          ],
          noted,
        ),
        ...tableOf(
          'Size and cost of tags',
          [
            ...['fileBytes', 'bitsPerWeight', 'residentBytes', 'gpuShare', 'loadMs'],
            ...['cpuSecondsPerAnswer', 'joulesPerTurn'],
          ],
          noted,
        ),
        ...tensorTypes(tags),
        ...divergences(tags, recommendation.llm),
      ],
    },
  ]
}

function flips(tags: readonly LlmTag[]): Table[] {
  const held = tags.flatMap(({ name, flips: changed }) => (changed === null ? [] : [{ name, changed }]))
  if (
    held.every(({ changed }) => changed.bothRight + changed.bothWrong + changed.gained + changed.lost === 0)
  ) {
    return []
  }
  return [
    {
      kind: 'table',
      caption: 'Checked answers beside those of the reference',
      columns: ['Both right', 'Both wrong', 'Gained', 'Lost', 'McNemar p'].map(label => ({ label })),
      rows: held.map(({ name, changed }) => ({
        name,
        reference: false,
        cells: [changed.bothRight, changed.bothWrong, changed.gained, changed.lost, changed.pValue].map(
          value => ({ text: writtenNumber(value) }),
        ),
      })),
    },
  ]
}

/** What a tag really holds: k-quants fall back to other types where a row is no multiple of 256. */
function tensorTypes(tags: readonly LlmTag[]): Table[] {
  const types = [...new Set(tags.flatMap(tag => tag.tensorTypes.map(({ type }) => type)))]
  if (types.length === 0) return []
  return [
    {
      kind: 'table',
      caption: 'Tensor types, share of all weights',
      columns: types.map(type => ({ label: type, unit: '%' })),
      rows: tags.map(tag => {
        const all = tag.tensorTypes.reduce((sum, { weights }) => sum + weights, 0)
        return {
          name: tag.name,
          reference: tag.reference === null,
          cells: types.map(type => {
            const held = tag.tensorTypes.find(one => one.type === type)
            return held === undefined || all === 0
              ? { text: '–' }
              : { text: writtenNumber((held.weights / all) * 100), detail: `${held.tensors} tensors` }
          }),
        }
      }),
    },
  ]
}

function divergences(tags: readonly LlmTag[], recommended: string | null): Block[] {
  const differing = tags.filter(tag => tag.divergences.length > 0)
  const shown =
    differing.find(({ name }) => name === recommended) ??
    differing.findLast(({ referenceSource }) => !referenceSource)
  if (shown === undefined) return []
  return [
    {
      kind: 'answers',
      caption: `Answers of ${shown.name} that leave those of the reference soonest`,
      answers: shown.divergences,
    },
  ]
}
