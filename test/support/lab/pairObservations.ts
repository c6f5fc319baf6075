import type { Observation, PairTurn, Plan } from '../../../server/lab/observations.ts'
import { makeTurn } from '../record/records.ts'
import { at, jitter } from './made.ts'

const levels = ['whisper-tiny.en-f16', 'whisper-tiny.en-q8_0']
const tags = ['smollm2:135m-instruct-fp16', 'smollm2:135m-instruct-q8_0']
const hearMs: Readonly<Record<string, number>> = { [levels[0] ?? '']: 460, [levels[1] ?? '']: 350 }
const answerMs: Readonly<Record<string, number>> = { [tags[0] ?? '']: 110, [tags[1] ?? '']: 90 }

/** Turns of the first eight clips with both levels and both tags, as far as the plan has them. */
export function observePairs({ clips, speech, llm, voices, reference }: Plan, rounds: number): Observation[] {
  const has = (arms: readonly { name: string }[], name: string) => arms.some(arm => arm.name === name)
  const spokenBy = voices?.arms.map(({ name }) => name) ?? [null]
  const pairs = levels.flatMap(level =>
    tags.flatMap(tag =>
      has(speech, level) && has(llm, tag)
        ? spokenBy.map(voice => ({ speech: level, llm: tag, voice, noise: false }))
        : [],
    ),
  )
  if (pairs.length === 0) return []
  if (reference.speech !== null && reference.llm !== null) {
    pairs.push({
      speech: reference.speech,
      llm: reference.llm,
      voice: spokenBy[0] ?? null,
      noise: true,
    })
  }
  const spoken = clips.filter(({ kind }) => kind === 'speech').slice(0, 8)
  return Array.from({ length: rounds }, (_, round) =>
    pairs.flatMap(pair => spoken.map((clip, i) => turn(pair, clip.id, clip.text ?? '', i, round))),
  ).flat()
}

function turn(
  pair: { speech: string; llm: string; voice: string | null; noise: boolean },
  clip: string,
  text: string,
  i: number,
  round: number,
): PairTurn {
  const around = (ms: number, what: string) =>
    ms * jitter(0.03, pair.speech, pair.llm, pair.noise ? 1 : 0, clip, round, what)
  const transcriptMs = around(hearMs[pair.speech] ?? 400, 'hear')
  const firstTokenMs = transcriptMs + around(answerMs[pair.llm] ?? 100, 'answer')
  const { record } = makeTurn(i, { source: 'comparison', outcome: 'completed', errorCode: null })
  // q8_0 hears one of the eight clips differently, and is then answered differently.
  const changed = pair.speech.endsWith('q8_0') && i === 5
  return {
    kind: 'pair-turn',
    at,
    ...pair,
    disturbed: false,
    round,
    clip,
    record: {
      ...record,
      fromSpeechEnd: {
        turnDecidedMs: around(510, 'decided'),
        commitMs: null,
        transcriptMs,
        firstTokenMs,
        firstClauseMs: firstTokenMs + 130,
        firstAudioMs: firstTokenMs + 170,
        playbackStartedMs: null,
        replyDoneMs: firstTokenMs + around(500, 'done'),
      },
      memory: {
        speechResidentBytes: pair.speech.endsWith('f16') ? 148_000_000 : 115_000_000,
        llmResidentBytes: pair.llm.endsWith('fp16') ? 311_000_000 : 185_000_000,
        llmGpuShare: 0,
        llmMemorySource: 'process',
      },
    },
    transcript: changed ? `${text} now` : text,
    reply: changed ? 'Now it is.' : 'That it is.',
    cpuSeconds: around(1.4, 'cpu'),
  }
}
