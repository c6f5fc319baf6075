import type { TurnRecord } from '../../server/protocol/record.ts'

/** Whose time it is. */
export type Stage = 'silence' | 'speech' | 'llm' | 'voice' | 'wait'

export type Bar = {
  id: string
  label: string
  stage: Stage
  /** Milliseconds from speech end. */
  startMs: number
  endMs: number
  /** `endMs - startMs`, as the record has it. */
  ms: number
  /** The part of it that ran while something else was waited for anyway, most of it the silence, and so kept nobody waiting. */
  hiddenMs: number
}

type Moments = TurnRecord['fromSpeechEnd']

/**
 * A turn as bars on one axis from speech end, in the order in which things happened. What the record does not know has no
 * bar, nor has what took no time. Without their hidden parts the bars of a whole turn follow each other without
 * gap or overlap, so `ms - hiddenMs` adds up to the last moment of the record (`reachedMs`).
 */
export function waterfallBars(record: TurnRecord): Bar[] {
  const { fromSpeechEnd: at, speech, llm, synthesis } = record
  const bars: Bar[] = []
  let reachedMs = 0
  let hiddenUntilMs = 0

  const bar = (
    id: string,
    label: string,
    stage: Stage,
    startMs: number,
    endMs: number,
    ms = endMs - startMs,
  ) => {
    reachedMs = Math.max(reachedMs, endMs)
    if (ms <= 0) return
    const hiddenMs = stage === 'silence' ? 0 : Math.min(ms, Math.max(0, hiddenUntilMs - startMs))
    bars.push({ id, label, stage, startMs, endMs, ms, hiddenMs })
  }
  const until = (id: string, label: string, stage: Stage, endMs: number | null) => {
    if (endMs !== null) bar(id, label, stage, reachedMs, endMs)
  }

  if (at.commitMs === null) until('silence', 'Silence waited', 'silence', at.turnDecidedMs)
  else {
    until('silence', 'Until you let go', 'silence', at.commitMs)
    until('decision', 'Last frames', 'silence', at.turnDecidedMs)
  }
  hiddenUntilMs = reachedMs

  if (at.transcriptMs !== null) {
    const inferenceMs = speech.inferenceMs ?? Math.max(0, at.transcriptMs - reachedMs)
    const askedMs = at.transcriptMs - inferenceMs
    const queuedMs = askedMs - (speech.queueMs ?? 0)
    // The record has no time of loading a speech level; it is what a cold turn waits before its inference.
    if (speech.cold === true) until('speechLoad', 'Load speech', 'speech', queuedMs)
    else until('prepareSpeech', 'Audio reading', 'wait', queuedMs)
    bar('speechQueue', 'Speech queue', 'wait', queuedMs, askedMs, speech.queueMs ?? 0)
    bar('transcription', 'Transcription', 'speech', askedMs, at.transcriptMs, inferenceMs)
  }

  const ahead = askedAhead(record)
  const askedMs = ahead === null ? askedAt(at, llm, reachedMs) : null
  if (ahead !== null) {
    hiddenUntilMs = reachedMs
    const parts = untilFirstToken(llm, ahead.startedMs, ahead.tokenReadyMs)
    const lastMs = parts.at(-1)?.endMs ?? ahead.startedMs
    for (const part of parts) bar(part.id, part.label, 'llm', part.startMs, part.endMs)
    bar('firstToken', 'First token', 'llm', lastMs, ahead.tokenReadyMs)
    until('release', 'Release', 'wait', at.firstTokenMs)
  } else if (askedMs !== null) {
    for (const { name, startMs, endMs } of toolsBefore(record, askedMs)) {
      until('toolAsked', 'Asks for a tool', 'llm', startMs)
      bar('tool', `Tool ${name}`, 'wait', startMs, endMs)
    }
    const queuedMs = askedMs - (llm.queueMs ?? 0)
    until('prepareAnswer', 'Prompt building', 'wait', queuedMs)
    bar('llmQueue', 'Model queue', 'wait', queuedMs, askedMs, llm.queueMs ?? 0)
    for (const part of untilFirstToken(llm, askedMs, at.firstTokenMs)) {
      bar(part.id, part.label, 'llm', part.startMs, part.endMs)
    }
  }
  until('firstToken', 'First token', 'llm', at.firstTokenMs)
  // A text that nobody speaks is read from its first token on: no one waits for a clause.
  if (synthesis.voice !== 'none') until('firstClause', 'First clause', 'llm', at.firstClauseMs)
  until('firstAudio', 'First audio', 'voice', at.firstAudioMs)
  until('playbackStart', 'Playback', 'voice', at.playbackStartedMs)
  return bars
}

/** Where the bars end, milliseconds from speech end; 0 for none. */
export function reachedMs(bars: readonly Bar[]): number {
  return bars.reduce((latest, { endMs }) => Math.max(latest, endMs), 0)
}

/** When the reply was asked for and was there, where that was at a pause, before the turn was over. */
function askedAhead({ speculation }: TurnRecord): { startedMs: number; tokenReadyMs: number } | null {
  const startedMs = speculation?.attempts.find(({ outcome }) => outcome === 'used')?.startedMs ?? null
  const tokenReadyMs = speculation?.tokenReadyMs ?? null
  return startedMs === null || tokenReadyMs === null ? null : { startedMs, tokenReadyMs }
}

/** Tools that were called before the model was asked for its answer. */
function toolsBefore({ tools = [] }: TurnRecord, askedMs: number) {
  return tools.flatMap(({ name, startedMs, ms }) =>
    startedMs === null || startedMs + ms > askedMs
      ? []
      : [{ name, startMs: startedMs, endMs: startedMs + ms }],
  )
}

/** When the LLM was asked. Of a turn that ended before its first token only the wait is known: then it is the earliest. */
function askedAt(at: Moments, llm: TurnRecord['llm'], reachedMs: number): number | null {
  if (at.firstTokenMs !== null && llm.timeToFirstTokenMs !== null)
    return at.firstTokenMs - llm.timeToFirstTokenMs
  return llm.queueMs === null ? null : reachedMs + llm.queueMs
}

type Part = { id: string; label: string; startMs: number; endMs: number }

/**
 * What Ollama reports of the time before the first token, laid from the request on; thinking ends with it. The times are by
 * Ollama's clock: where they do not fit in ours, the wait is one bar.
 */
function untilFirstToken(llm: TurnRecord['llm'], askedMs: number, firstTokenMs: number | null): Part[] {
  const loadedMs = askedMs + (llm.loadMs ?? 0)
  const evaluatedMs = loadedMs + (llm.promptEvalMs ?? 0)
  const thinksFromMs = firstTokenMs === null ? evaluatedMs : firstTokenMs - (llm.thinkingMs ?? 0)
  if (thinksFromMs < evaluatedMs) return []
  // A warm model has a load_duration too: the wait of Ollama's scheduler.
  const load =
    llm.cold === true ? { id: 'llmLoad', label: 'Load model' } : { id: 'llmSchedule', label: 'Scheduler' }
  const parts: Part[] = [
    { ...load, startMs: askedMs, endMs: loadedMs },
    { id: 'promptEvaluation', label: 'Prompt evaluation', startMs: loadedMs, endMs: evaluatedMs },
  ]
  if (firstTokenMs === null || llm.thinkingMs === null) return parts
  return [
    ...parts,
    { id: 'beforeThinking', label: 'First thought', startMs: evaluatedMs, endMs: thinksFromMs },
    { id: 'thinking', label: 'Thinking', startMs: thinksFromMs, endMs: firstTokenMs },
  ]
}
