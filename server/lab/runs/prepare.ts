import type { LanguageModelLeases } from '../../llm/lease.ts'
import type { ComparisonResult } from '../../protocol/comparisonResult.ts'
import type { ComparisonRequest } from '../../protocol/comparisons.ts'
import { recognizeClip } from '../../recognition/recognizer.ts'
import { defaultOf } from '../../shared/defaults/speechDefaults.ts'
import { seedOf } from '../../shared/seeded.ts'
import type { LabDependencies } from '../dependencies.ts'
import { type AnswerBench, answerPhase, atModel } from '../measuring/answers.ts'
import { type LabClip, readClips } from '../measuring/clips.ts'
import { energyPhase } from '../measuring/energy.ts'
import { pairPhase } from '../measuring/pairs.ts'
import { positionPhase } from '../measuring/positions.ts'
import { type SpeechBench, speechPhase } from '../measuring/speech.ts'
import { createSpeechPlace } from '../measuring/speechPlace.ts'
import { OWNER, type Phase } from '../measuring/step.ts'
import { voicePhase } from '../measuring/voices/voices.ts'
import { type LlmArm, type Plan, pairName } from '../observations.ts'
import { choose, namesOf } from './choose.ts'
import { makeMissing } from './missing.ts'

/** Rounds over all arms where a request names none. */
const DEFAULT_ROUNDS = 3
/** The same answer every time; what is asked is answered in a sentence or two. */
const sampling = { temperature: 0, seed: 1, maxTokens: 48 }
/**
 * Parts of a budget. Levels and answers are where verdicts need most blocks and take longest; turns of what is best together come last,
 * since without those verdicts nobody knows what that is.
 */
const shares = { speech: 0.35, answers: 0.35, positions: 0.1, voices: 0.1, pairs: 0.1 }

export type Preparation = {
  /** Is told what takes a moment. */
  doing(what: string): void
  id: string
  startedAt: string
  request: ComparisonRequest
  observationsFile: string
  /** The plan of a run that goes on: what was compared then is compared now. */
  recorded: Plan | null
}

/** What hears the voices: the best level that is here, always the same one on a machine. */
async function earOf({ speechEngines, speechModels, stages }: LabDependencies): Promise<string> {
  const { speechModel } = stages.settings
  return speechEngines === null ? speechModel : (defaultOf(await speechModels()) ?? speechModel)
}

/**
 * Reads the clips, makes the plan and wires the phases of a run. The same for the same id, so that a resumed run goes on with the same
 * steps.
 * @throws what choosing and reading the clips throw
 */
export async function prepare(
  { doing, id, startedAt, request, observationsFile, recorded }: Preparation,
  lab: LabDependencies,
  signal: AbortSignal,
) {
  const { stages } = lab
  const missing = recorded ? [] : await makeMissing(await namesOf(request, lab), lab, doing, signal)
  const chosen =
    recorded === null
      ? await choose(request, lab, signal)
      : { ...recorded, voices: recorded.voices?.arms ?? [] }
  const { llm, voices } = chosen
  const speech = chosen.speech.filter(({ name }) => !missing.some(({ what }) => what === name))
  const rounds = request.rounds ?? DEFAULT_ROUNDS
  const seed = seedOf(id)
  const withSpeech = speech.length > 0
  const set = withSpeech
    ? await readClips(request.audio ?? 'builtin', lab, signal)
    : { from: 'none: no speech level was asked for', language: null, clips: [] }
  const meter = await lab.energyMeter()
  const environment = await lab.environment()
  const reference = { speech: speech[0]?.name ?? null, llm: llm[0]?.name ?? null }
  const before = llm.length === 0 ? [] : (await lab.languageModels(signal)).filter(model => model.loaded)

  const plan: Plan = {
    kind: 'plan',
    ...{ id, startedAt, request },
    environment: {
      ...environment,
      energySource: 'source' in meter ? meter.source : null,
      settings: {
        temperature: sampling.temperature,
        seed: sampling.seed,
        numCtx: stages.settings.contextTokens,
        numPredict: sampling.maxTokens,
        language: set.language,
        voice: stages.settings.voice,
        rounds,
      },
    },
    margins: lab.margins,
    audio: set.from,
    clips: set.clips.map(({ samples, speech: found, ...clip }) => clip),
    questions: llm.length === 0 ? [] : [...lab.questions],
    speech,
    llm,
    ...(voices.length === 0
      ? {}
      : { voices: recorded?.voices ?? { arms: voices, texts: [...lab.texts], ear: await earOf(lab) } }),
    reference,
  }

  const place = lab.speechEngines === null ? null : createSpeechPlace(lab.speechEngines)
  const phases: Phase[] = []
  const levelFile: SpeechBench['levelFile'] = (name, until) => stages.speechLevel(name, until)
  if (place !== null && withSpeech) {
    const bench: SpeechBench = {
      ...{ arms: speech, noiseOf: reference.speech, clips: set.clips, language: set.language },
      ...{ rounds, seed, levelFile, place },
    }
    phases.push(speechPhase(bench, shares.speech))
  }
  const leases = alwaysTheSame(stages.llm)
  const answers: AnswerBench = {
    ...{ arms: llm, noiseOf: reference.llm, questions: lab.questions, rounds, seed },
    ...{ systemPrompt: stages.settings.systemPrompt, contextTokens: stages.settings.contextTokens },
    ...{ llm: leases, stages, probe: lab.probe },
    processes: lab.processes.llm,
  }
  if (llm.length > 0) {
    phases.push(answerPhase(answers, shares.answers), positionPhase(answers, shares.positions))
  }
  if (plan.voices !== undefined) {
    phases.push(voicePhase({ ...plan.voices, rounds, seed, voices: lab.voices, stages }, shares.voices))
  }
  const withPairs = request.pairs !== false && withSpeech && llm.length > 0
  if (withPairs) {
    const { speech: level, llm: tag } = reference
    phases.push(
      pairPhase(
        {
          reference:
            level === null || tag === null
              ? null
              : { speech: level, llm: tag, voice: voices[0]?.name ?? null },
          ...{ clips: set.clips, rounds, seed, log: lab.log },
          fronts: async until => frontsOf(await lab.judge(observationsFile, until)),
          session: {
            ...lab.session,
            stages: { ...stages, llm: leases },
            source: 'comparison',
            // What watches the turns of people sees none of these.
            observers: new Set(),
            partialTranscripts: true,
            // As much is asked of the language model for each pair, however its clips are spoken.
            speculates: false,
          },
          processes: async name => [...(await lab.processes.speech(name)), ...(await lab.processes.llm())],
        },
        shares.pairs,
      ),
    )
  }
  if ('source' in meter) {
    phases.push(energyPhase({ meter, work: energyWork(plan, set.clips, answers, lab) }))
  }
  return {
    plan,
    notMeasured: [...missing, ...notMeasured(meter, withPairs, plan)],
    phases,
    /** Ends the engines that were started for the run. */
    close: async (): Promise<void> => place?.clear(),
    /** Loads what was loaded before the run, so that a live session finds it. */
    restore: (): Promise<void> =>
      restore(
        before.map(({ name }) => name),
        answers,
        llm,
      ),
  }
}

/** Leases whose replies depend on the prompt alone. */
const alwaysTheSame = (leases: LanguageModelLeases): LanguageModelLeases => ({
  ...leases,
  async acquire(...wanted) {
    const lease = await leases.acquire(...wanted)
    return {
      ...lease,
      respond: (messages, signal, change) => lease.respond(messages, signal, { ...sampling, ...change }),
    }
  },
  spare: async () => null,
})

function frontsOf({ pareto }: ComparisonResult) {
  const best = (front: ComparisonResult['pareto']['speech']) =>
    front.points.filter(point => !point.dominated).map(point => point.name)
  return { speech: best(pareto.speech), llm: best(pareto.llm), voices: best(pareto.voices) }
}

function notMeasured(meter: object, withPairs: boolean, plan: Plan) {
  const list: { what: string; why: string }[] = []
  if ('why' in meter) list.push({ what: 'energy', why: `Not measurable here: ${meter.why}` })
  if (withPairs) {
    list.push({ what: 'playbackStartedMs', why: 'Nothing plays the replies of a comparison.' })
    list.push({ what: 'commitMs', why: 'Its turns end by silence, not by a button.' })
  }
  if (plan.clips.some(({ text }) => text === null)) {
    list.push({ what: 'wordErrorRate', why: 'What is said in saved turns is not known for certain.' })
  }
  return list
}

/** The same work as in the other phases, one clip or question after the other. */
function energyWork(
  plan: Plan,
  clips: readonly LabClip[],
  answers: AnswerBench,
  lab: LabDependencies,
): Parameters<typeof energyPhase>[0]['work'] {
  const spoken = clips.filter(({ kind }) => kind === 'speech')
  const hear = async (name: string, index: number, signal: AbortSignal) => {
    const clip = spoken[index % spoken.length]
    if (clip === undefined) return
    const model = await lab.stages.speechLevel(name, signal)
    const { samples, speech } = clip
    const options = { model, language: null, owner: OWNER }
    await recognizeClip(lab.stages.recognizer, samples, speech, options, signal)
  }
  const reply = (name: string, index: number, signal: AbortSignal) =>
    atModel(answers, name, signal, async lease => {
      const content = answers.questions[index % answers.questions.length]?.text ?? ''
      const messages = [
        { role: 'system' as const, content: answers.systemPrompt },
        { role: 'user' as const, content },
      ]
      for await (const _part of lease.respond(messages, signal));
    })
  const { speech, llm, reference } = plan
  const alone: Parameters<typeof energyPhase>[0]['work'] = [
    ...speech.map(({ name }) => ({
      side: 'speech' as const,
      arm: name,
      turn: (signal: AbortSignal, index: number) => hear(name, index, signal),
    })),
    ...llm.map(({ name }) => ({
      side: 'llm' as const,
      arm: name,
      turn: (signal: AbortSignal, index: number) => reply(name, index, signal),
    })),
  ]
  const [level, tag] = [reference.speech, reference.llm]
  if (level === null || tag === null) return alone
  const turn = async (signal: AbortSignal, index: number) => {
    await hear(level, index, signal)
    await reply(tag, index, signal)
  }
  return [
    {
      side: 'pair',
      arm: pairName({ speech: level, llm: tag, voice: plan.voices?.arms[0]?.name ?? null }),
      turn,
    },
    ...alone,
  ]
}

async function restore(names: string[], answers: AnswerBench, arms: readonly LlmArm[]): Promise<void> {
  const signal = AbortSignal.timeout(60_000)
  const measured = new Set(arms.map(({ name }) => name))
  for (const name of names) {
    if (!measured.has(name)) continue
    await atModel(answers, name, signal, () => answers.probe.load(name, signal)).catch(() => {})
  }
}
