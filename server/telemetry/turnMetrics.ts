import { Counter, Histogram, type LabelValues, type Registry } from '@prometheus-io/client'
import { FromSpeechEnd, type TurnRecord } from '../protocol/record.ts'
import type { EngineFigures } from './engineMetrics.ts'
import { createModelLabels } from './modelLabels.ts'

/** Seconds; fine where a voice turn is decided, 10 ms to 30 s. */
const turnBuckets = [0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30]
/** Seconds for one token; a reader follows 0.2, a voice 0.3. */
const tokenBuckets = [0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 3]

type Stage = keyof FromSpeechEnd
const stages = Object.keys(FromSpeechEnd.properties) as Stage[]

/** `firstTokenMs` as `quantvox_turn_first_token_seconds`. */
export function stageMetricName(stage: string): string {
  const words = stage.slice(0, -'Ms'.length).replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
  return `quantvox_turn_${words}_seconds`
}

/**
 * Histograms of what turns took, in `registry`. The function that is returned observes one record; figures that are
 * null are left out.
 *
 * @param configured model names that the operator set
 */
export function createTurnMetrics(registry: Registry, configured: (string | null)[]) {
  const registers = [registry]
  const histogram = <L extends string>(name: string, help: string, labelNames: L[], buckets = turnBuckets) =>
    new Histogram({ name, help, labelNames, buckets, registers })
  const labelNames: ('llm_model' | 'speech_model' | 'outcome')[] = ['llm_model', 'speech_model', 'outcome']

  const turns = new Counter({
    name: 'quantvox_turns_total',
    help: 'Turns that ended.',
    labelNames,
    registers,
  })
  const byStage = new Map(
    stages.map(stage => {
      const help = `From the end of speech until ${meaningOf(stage)}.`
      return [stage, histogram(stageMetricName(stage), help, labelNames)]
    }),
  )
  const firstToken = histogram(
    'quantvox_llm_time_to_first_token_seconds',
    'Request to Ollama until its first token.',
    ['llm_model'],
  )
  const outputToken = histogram(
    'quantvox_llm_time_per_output_token_seconds',
    'Generation for each token of the reply.',
    ['llm_model'],
    tokenBuckets,
  )
  const inference = histogram(
    'quantvox_speech_inference_seconds',
    'Request to answer of the speech engine, all passes.',
    ['speech_model'],
  )
  const queueWait = histogram('quantvox_queue_wait_seconds', 'Wait for a place at an engine.', ['engine'])
  const attempts = new Counter({
    name: 'quantvox_speculation_attempts_total',
    help: 'Questions asked at a pause, by what came of them.',
    labelNames: ['outcome'],
    registers,
  })
  const wastedTokens = new Counter({
    name: 'quantvox_speculation_wasted_tokens_total',
    help: 'Tokens of replies to them that nobody wanted.',
    registers,
  })
  const wastedSeconds = new Counter({
    name: 'quantvox_speculation_wasted_engine_seconds_total',
    help: 'Time of the language model at work on those.',
    registers,
  })
  const ends = new Counter({
    name: 'quantvox_turn_ends_total',
    help: 'Spoken turns that were taken for over, by what decided it.',
    labelNames: ['decided_by'],
    registers,
  })
  const saved = histogram(
    'quantvox_speculation_saved_seconds',
    'By which a first token came earlier than if it had been asked for when the turn was over.',
    ['llm_model'],
  )
  const labelsOf = createModelLabels(configured)

  return (record: TurnRecord): void => {
    const { llm_model, speech_model } = labelsOf(record)
    const labels = { llm_model, speech_model, outcome: record.outcome }
    turns.inc(labels)
    for (const [stage, metric] of byStage) observe(metric, labels, record.fromSpeechEnd[stage])
    observe(firstToken, { llm_model }, record.llm.timeToFirstTokenMs)
    observe(outputToken, { llm_model }, record.llm.timePerOutputTokenMs)
    observe(inference, { speech_model }, record.speech.inferenceMs)
    observe(queueWait, { engine: speechEngineOf(record) }, record.speech.queueMs)
    observe(queueWait, { engine: 'ollama' }, record.llm.queueMs)
    if (record.speculation === null) return
    const { decidedBy = null, wastedOutputTokens, wastedEngineMs, savedMs } = record.speculation
    if (decidedBy !== null) ends.inc({ decided_by: decidedBy })
    for (const { outcome } of record.speculation.attempts) attempts.inc({ outcome })
    wastedTokens.inc(wastedOutputTokens)
    wastedSeconds.inc(wastedEngineMs / 1000)
    observe(saved, { llm_model }, savedMs)
  }
}

/** The record names it before version and place; a level elsewhere may be called like one of ours. */
function speechEngineOf({ speech }: TurnRecord): EngineFigures['engine'] {
  return speech.engine?.startsWith('moonshine ') ? 'moonshine' : 'whisper-server'
}

/** What the schema of the record says of it, without the unit. */
function meaningOf(stage: Stage): string {
  const [number] = FromSpeechEnd.properties[stage].anyOf
  return (number as { description?: string }).description?.replace(' (milliseconds)', '') ?? stage
}

function observe<L extends string>(
  metric: Histogram<L>,
  labels: LabelValues<L>,
  milliseconds: number | null,
): void {
  // Below zero (a commit that came before the last voiced sample was known) would make the sum fall.
  if (milliseconds !== null) metric.observe(labels, Math.max(0, milliseconds) / 1000)
}
