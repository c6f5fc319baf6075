import './report.css'
import type { ComparisonResult, LlmTag, Pair, SpeechLevel } from '../../server/protocol/comparisonResult.ts'
import { el } from '../dom.ts'
import { bytes, counted } from '../figures.ts'
import { divergences, worstClips } from './differences.ts'
import { figureTitle, withoutSharedStart } from './figureWords.ts'
import { type Compared, levelsTable } from './levelsTable.ts'
import { paretoChart } from './paretoChart.ts'

/** The whole report of a run: verdict first, then the figures that it rests on, and what is not known. */
export function renderReport(result: ComparisonResult): HTMLElement {
  const { recommendation, warnings, speech, llm, pairs, pareto } = result
  const level = withoutSharedStart(speech.map(({ name }) => name))
  const tag = withoutSharedStart(llm.map(({ name }) => name))
  return el(
    'article',
    { class: 'report' },
    el('p', { class: 'sentence' }, recommendation.sentence),
    ...list('reasons', recommendation.reasons),
    ...warnings.map(warning => el('p', { class: 'warning' }, warning)),
    ...part(
      `Speech levels ${level.shared}`,
      levels(speech, level.short, result),
      paretoChart('Which speech level', pareto.speech),
      worstClips(speech),
    ),
    ...part(
      `Answers ${tag.shared}`,
      tags(llm, tag.short, result),
      paretoChart('Which language model', pareto.llm),
      divergences(llm),
    ),
    ...part(
      'Whole spoken turns',
      turns(pairs, level.short, tag.short),
      paretoChart('Which pair', pareto.pairs),
      [],
    ),
    noise(result),
    ...reasoned('Not measured', result.notMeasured),
    ...(result.cutByBudget.length === 0
      ? []
      : [el('h3', {}, 'Cut by the budget'), ...list('', result.cutByBudget)]),
    ...reasoned('What failed', result.failures),
    surroundings(result),
  )
}

function part(
  title: string,
  rows: Compared[],
  chart: HTMLElement | null,
  details: HTMLElement[],
): HTMLElement[] {
  if (rows.length === 0) return []
  return [el('h3', {}, title), levelsTable(title, rows), ...(chart === null ? [] : [chart]), ...details]
}

type Short = (name: string) => string

function levels(
  speech: readonly SpeechLevel[],
  short: Short,
  { recommendation }: ComparisonResult,
): Compared[] {
  return speech.map(({ name, figures, reference, failures }) => ({
    name,
    short: short(name),
    figures,
    marks: marks(name === recommendation.speech, reference === null, failures, []),
  }))
}

function tags(llm: readonly LlmTag[], short: Short, { recommendation }: ComparisonResult): Compared[] {
  return llm.map(({ name, figures, reference, referenceSource, failures }) => ({
    name,
    short: short(name),
    figures,
    marks: marks(
      name === recommendation.llm,
      reference === null,
      failures,
      referenceSource ? ['the reference was made from it'] : [],
    ),
  }))
}

function turns(pairs: readonly Pair[], ofLevel: Short, ofTag: Short): Compared[] {
  return pairs.map(({ name, speech, llm, figures, reference, failures, turns: count }) => ({
    name,
    short: `${ofLevel(speech)} + ${ofTag(llm)}`,
    figures,
    marks: [...marks(false, reference === null, failures, []), counted(count, 'turn')],
  }))
}

function marks(isRecommended: boolean, isReference: boolean, failures: number, others: string[]): string[] {
  return [
    ...(isRecommended ? ['recommended'] : []),
    ...(isReference ? ['reference'] : []),
    ...(failures > 0 ? [`${failures} failed`] : []),
    ...others,
  ]
}

/** The reference against itself: whatever differs there is noise. */
function noise({ noiseArm, disturbed }: ComparisonResult): HTMLElement {
  const { tested, falseVerdicts } = noiseArm
  const found =
    tested === 0
      ? 'The reference was not measured against itself.'
      : `The reference against itself once more: ${counted(tested, 'verdict')}, ${falseVerdicts.length === 0 ? 'none of them' : falseVerdicts.length} false.`
  const live =
    disturbed.observations === 0
      ? 'No live session disturbed it.'
      : `${disturbed.observations} of ${disturbed.of} observations were made while somebody talked, and are in no time.`
  return el(
    'section',
    {},
    el('h3', {}, 'Noise'),
    el('p', {}, `${found} ${live}`),
    ...list(
      '',
      falseVerdicts.map(({ arm, figure, verdict }) => `${arm}: ${figureTitle(figure)} ${verdict}`),
    ),
  )
}

function reasoned(title: string, items: readonly { what: string; why: string }[]): HTMLElement[] {
  if (items.length === 0) return []
  return [
    el('h3', {}, title),
    ...list(
      '',
      items.map(({ what, why }) => `${what}: ${why}`),
    ),
  ]
}

function list(name: string, items: readonly string[]): HTMLElement[] {
  return items.length === 0 ? [] : [el('ul', { class: name }, ...items.map(item => el('li', {}, item)))]
}

function surroundings({ environment, input }: ComparisonResult): HTMLElement {
  const { cpu, cores, memoryBytes, platform, gpu, threads, engines, energySource, appVersion, cpuFeatures } =
    environment
  const settings = Object.entries(environment.settings).map(([name, value]) => `${name} ${value}`)
  const facts = {
    Machine: [`${cpu}, ${counted(cores, 'core')}`, bytes(memoryBytes), platform, gpu ?? 'no GPU'].join(', '),
    'CPU features': cpuFeatures.join(' ') || 'unknown',
    Engines: engines.map(({ name, version, where }) => `${name} ${version ?? ''} (${where})`).join(', '),
    Threads: `speech ${threads.speech ?? 'unknown'}, answers ${threads.llm ?? 'unknown'}`,
    Energy: energySource ?? 'not measurable here',
    Input: `${input.audio}: ${counted(input.speechClips, 'clip')} with ${counted(input.referenceWords, 'word')}, ${input.nonspeechClips} without speech; ${counted(input.questions, 'question')}, ${input.checkedQuestions} of them checked`,
    Rounds: `speech ${input.rounds.speech}, answers ${input.rounds.llm}, turns ${input.rounds.pairs}`,
    Settings: settings.join(', '),
    Quantvox: appVersion,
  }
  return el(
    'details',
    { class: 'surroundings' },
    el('summary', {}, 'Machine, engines and input'),
    el(
      'dl',
      {},
      ...Object.entries(facts).flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]),
    ),
  )
}
