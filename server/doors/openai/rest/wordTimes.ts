import type { SpeechSegment } from '../../../audio/utterance.ts'
import type { HeardClip } from '../../../session/questions/clip.ts'

export type TimedText = { text: string; startMs: number; endMs: number }

/**
 * When each word was said, milliseconds from the start of the clip. Recognizers here tell the time of a stretch of at most 30 s;
 * within it, the words share the voiced time by their letters. What is read of a pause is right, the rest an estimate.
 */
export function wordTimes({ transcript, speech, audioMs }: HeardClip): TimedText[] {
  if (transcript === null || transcript.text === '') return []
  const voiced = speech?.segments ?? []
  const whole = {
    text: transcript.text,
    startMs: voiced[0]?.startMs ?? 0,
    endMs: voiced.at(-1)?.endMs ?? audioMs,
  }
  const stretches = transcript.segments.length > 0 ? transcript.segments : [whole]
  return stretches.flatMap(stretch => spread(stretch, voiced))
}

/** Sentences, each from its first word to its last. */
export function sentenceTimes(words: readonly TimedText[], language: string): TimedText[] {
  const text = words.map(word => word.text).join(' ')
  const sentences: TimedText[] = []
  let next = 0
  for (const { segment } of segmenterFor(language).segment(text)) {
    const count = segment.trim().split(/\s+/).length
    const [first, last] = [words[next], words[Math.min(next + count, words.length) - 1]]
    next += count
    if (first && last) sentences.push({ text: segment.trim(), startMs: first.startMs, endMs: last.endMs })
  }
  return sentences
}

function spread({ text, startMs, endMs }: TimedText, voiced: readonly SpeechSegment[]): TimedText[] {
  const within = voiced
    .map(part => ({ startMs: Math.max(part.startMs, startMs), endMs: Math.min(part.endMs, endMs) }))
    .filter(part => part.endMs > part.startMs)
  const parts = within.length > 0 ? within : [{ startMs, endMs }]
  const voicedMs = parts.reduce((sum, part) => sum + part.endMs - part.startMs, 0)
  const words = text.split(/\s+/).filter(word => word !== '')
  const letters = words.reduce((sum, word) => sum + word.length, 0)
  let said = 0
  return words.map(word => {
    const from = at((said / letters) * voicedMs, parts, false)
    said += word.length
    return { text: word, startMs: from, endMs: Math.max(from, at((said / letters) * voicedMs, parts, true)) }
  })
}

/** Where so much of the voiced time has passed; at the edge of a pause before it or behind it. */
function at(passedMs: number, parts: readonly SpeechSegment[], isEnd: boolean): number {
  let left = passedMs
  for (const { startMs, endMs } of parts) {
    const lengthMs = endMs - startMs
    if (left < lengthMs || (isEnd && left <= lengthMs)) return Math.round(startMs + left)
    left -= lengthMs
  }
  return parts.at(-1)?.endMs ?? 0
}

function segmenterFor(language: string): Intl.Segmenter {
  try {
    return new Intl.Segmenter(language, { granularity: 'sentence' })
  } catch {
    return new Intl.Segmenter('en', { granularity: 'sentence' })
  }
}
