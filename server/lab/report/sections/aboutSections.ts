import type { Figure } from '../../../protocol/comparisonFigures.ts'
import type { ComparisonResult } from '../../../protocol/comparisonResult.ts'
import { writtenNumber, writtenRatio, writtenValue } from '../../wording.ts'
import type { Section } from '../document.ts'
import { besideReference, labelOf } from '../labels.ts'

/** What the figures are worth: the reference against itself, the margins, what is missing, and on what it ran. */
export const aboutSections = (result: ComparisonResult): Section[] => [
  noiseSection(result),
  missingSection(result),
  marginSection(result),
  environmentSection(result),
]

function noiseSection({ noiseArm }: ComparisonResult): Section {
  const arms = [noiseArm.speech, noiseArm.llm, noiseArm.voice, noiseArm.pair].filter(arm => arm !== null)
  const rows = arms.flatMap(({ name, figures }) =>
    Object.entries(figures as Record<string, Figure>)
      .filter(([, figure]) => figure.verdict !== 'not-tested')
      .map(([figure, tested]) => ({ name, figure, tested })),
  )
  if (rows.length === 0) {
    return {
      id: 'noise',
      title: 'The reference against itself',
      blocks: [
        {
          kind: 'text',
          text: 'It was not measured a second time, so nothing says how large chance is here.',
        },
      ],
    }
  }
  const wrong = noiseArm.falseVerdicts.length
  return {
    id: 'noise',
    title: 'The reference against itself',
    blocks: [
      {
        kind: 'text',
        text: `The references were measured once more as if they were other models. Of ${noiseArm.tested} verdicts, ${wrong === 0 ? 'none finds' : wrong === 1 ? '1 finds' : `${wrong} find`} a difference where there is none; what scatters here, scatters above too.`,
      },
      {
        kind: 'table',
        caption: 'The reference against itself, figure by figure',
        folded: true,
        columns: [{ label: 'Figure' }, { label: 'Second to first' }, { label: '95 % interval' }],
        rows: rows.map(({ name, figure, tested }) => ({
          name,
          reference: false,
          cells: [
            { text: labelOf(figure) },
            { text: besideReference(tested) ?? '–', verdict: tested.verdict },
            { text: intervalOf(tested) },
          ],
        })),
      },
    ],
  }
}

function intervalOf({ ratioInterval, differenceInterval, unit }: Figure): string {
  if (differenceInterval !== null)
    return differenceInterval.map(bound => writtenValue(bound, unit)).join(' to ')
  return ratioInterval === null ? '–' : ratioInterval.map(writtenRatio).join(' to ')
}

function missingSection({ notMeasured, cutByBudget, failures }: ComparisonResult): Section {
  const reasoned = (items: readonly { what: string; why: string }[]) =>
    items.map(({ what, why }) => `${labelOf(what)}: ${why}`)
  const block = (before: string, items: string[]) =>
    items.length === 0
      ? []
      : [
          { kind: 'text' as const, text: before },
          { kind: 'list' as const, items },
        ]
  const blocks = [
    ...block('Not measured:', reasoned(notMeasured)),
    ...block('Cut to keep the budget:', cutByBudget),
    ...block('Failed:', reasoned(failures)),
  ]
  return {
    id: 'missing',
    title: 'What is missing',
    blocks:
      blocks.length > 0 ? blocks : [{ kind: 'text', text: 'Nothing: all that was asked for was measured.' }],
  }
}

function marginSection({ margins }: ComparisonResult): Section {
  return {
    id: 'reading',
    title: 'How to read it',
    blocks: [
      {
        kind: 'text',
        text: 'Values are medians over clips or questions, or rates over all of them. Beside them stands the ratio or the difference in points to the reference, each clip paired with itself in the same round. A verdict needs the whole 95 % interval (of times and speeds, where the ratio of another run of this size would lie, by the scatter between processes, or between clips for pairs, whose engines stay loaded; of memory and files, all readings against all; of rates, a paired bootstrap over clips and questions; of checked answers, McNemar’s exact test) to lie beyond a margin that was set before anything was measured. “≈” says that no difference was shown, not that there is none. The divergence is a lower bound over the 20 most likely tokens and cannot be compared with figures over whole vocabularies.',
      },
      {
        kind: 'table',
        caption: 'Margins',
        folded: true,
        columns: [{ label: 'Better is' }, { label: 'Margin' }],
        rows: Object.entries(margins).map(([figure, { better, kind, margin }]) => ({
          name: labelOf(figure),
          reference: false,
          cells: [
            { text: better },
            {
              text:
                kind === 'ratio'
                  ? `${writtenNumber(margin * 100)} % of the reference`
                  : writtenNumber(margin),
            },
          ],
        })),
      },
    ],
  }
}

function environmentSection(result: ComparisonResult): Section {
  const { environment: e, input, request, speech, llm, voices } = result
  const rows: [string, string][] = [
    ['Processor', `${e.cpu}, ${e.cores} cores`],
    ['Features', e.cpuFeatures.join(' ')],
    ['Threads', `speech ${e.threads.speech ?? 'unknown'}, answers ${e.threads.llm ?? 'unknown'}`],
    ['Memory', writtenValue(e.memoryBytes, 'bytes')],
    ['GPU', e.gpu ?? 'none found'],
    ['Energy', e.energySource ?? 'not measurable here'],
    ['System', e.platform],
    [
      'Programs',
      [`quantvox ${e.appVersion}`, `Node ${e.nodeVersion}`, ...e.engines.map(engineText)].join(', '),
    ],
    [
      'Held fixed',
      Object.entries(e.settings)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    ],
    ['Audio', input.audio],
    ['Ear of the voices', input.ear ?? ''],
    ['Asked for', JSON.stringify(request)],
    ['Run', `${result.id}, ${result.startedAt} to ${result.finishedAt ?? 'now'}, ${result.state}`],
  ]
  const digests = [...speech, ...llm, ...voices].flatMap(({ name, digest }) =>
    digest === null ? [] : [{ name, digest }],
  )
  return {
    id: 'environment',
    title: 'Environment',
    blocks: [
      {
        kind: 'table',
        caption: 'Environment',
        columns: [{ label: 'Value' }],
        rows: rows
          .filter(([, text]) => text !== '')
          .map(([name, text]) => ({ name, reference: false, cells: [{ text }] })),
      },
      ...(digests.length === 0
        ? []
        : [
            {
              kind: 'table' as const,
              caption: 'Digests',
              folded: true,
              columns: [{ label: 'sha256' }],
              rows: digests.map(({ name, digest }) => ({
                name,
                reference: false,
                cells: [{ text: digest }],
              })),
            },
          ]),
    ],
  }
}

const engineText = ({ name, version, where }: ComparisonResult['environment']['engines'][number]) =>
  `${name} ${version ?? 'of unknown version'} (${where})`
