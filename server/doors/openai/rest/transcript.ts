import { deflateSync } from 'node:zlib'
import Type, { type Static } from 'typebox'
import type { HeardClip } from '../../../session/questions/clip.ts'
import { languageName } from '../../../spokenLanguage.ts'
import { sentenceTimes, type TimedText, wordTimes } from './wordTimes.ts'

const Usage = Type.Object({ type: Type.Literal('duration'), seconds: Type.Number() })
const Word = Type.Object({ word: Type.String(), start: Type.Number(), end: Type.Number() })
const Segment = Type.Object({
  id: Type.Integer(),
  seek: Type.Integer(),
  ...{ start: Type.Number(), end: Type.Number(), text: Type.String() },
  tokens: Type.Array(Type.Integer(), { description: 'empty: recognizers here do not tell' }),
  temperature: Type.Number(),
  avg_logprob: Type.Number({ description: 'of the whole text; 0 where the recognizer does not tell' }),
  compression_ratio: Type.Number(),
  no_speech_prob: Type.Number({ description: 'of the whole text, if it was doubtful; else 0' }),
})

export const Transcription = Type.Object({
  text: Type.String(),
  usage: Type.Optional(Usage),
  languages: Type.Optional(Type.Array(Type.Object({ code: Type.String() }))),
})
export const VerboseTranscription = Type.Object({
  task: Type.Enum(['transcribe', 'translate']),
  language: Type.String({ description: 'its English name in lower case, as whisper-1 has it' }),
  duration: Type.Number({ description: 'seconds' }),
  text: Type.String(),
  segments: Type.Optional(Type.Array(Segment, { description: 'a sentence each' })),
  words: Type.Optional(Type.Array(Word, { description: 'times are estimates by letters and voiced time' })),
  usage: Type.Optional(Usage),
})

export type Wanted = { task: 'transcribe' | 'translate'; granularities: readonly string[] }

/** What was heard in the words of `format`, as a body. */
export function transcriptBody(
  heard: HeardClip,
  format: string,
  wanted: Wanted,
): string | Static<typeof Transcription> | Static<typeof VerboseTranscription> {
  const text = heard.text ?? ''
  switch (format) {
    case 'text':
      return `${text}\n`
    case 'srt':
      return cues(heard).map(srtCue).join('\n')
    case 'vtt':
      return `WEBVTT\n\n${cues(heard).map(vttCue).join('\n')}`
    case 'verbose_json':
      return verbose(heard, text, wanted)
    default: {
      // Of a translation the SDKs' types have nothing else.
      if (wanted.task === 'translate') return { text }
      const code = heard.transcript?.language
      return { text, usage: usageOf(heard), ...(code ? { languages: [{ code }] } : {}) }
    }
  }
}

const usageOf = ({ audioMs }: HeardClip) => ({
  type: 'duration' as const,
  seconds: Math.ceil(audioMs / 1000),
})

function verbose(heard: HeardClip, text: string, { task, granularities }: Wanted) {
  const words = wordTimes(heard)
  const code = task === 'translate' ? 'en' : (heard.transcript?.language ?? '')
  // Without a word of what is wanted, segments are.
  const wantsWords = granularities.includes('word')
  const wantsSegments = granularities.includes('segment') || !wantsWords
  return {
    ...{ task, language: languageName(code), duration: seconds(heard.audioMs), text },
    ...(wantsSegments ? { segments: cues(heard).map((cue, id) => segment(cue, id, heard)) } : {}),
    ...(wantsWords ? { words: words.map(word => ({ word: word.text, ...span(word) })) } : {}),
    ...(task === 'translate' ? {} : { usage: usageOf(heard) }),
  }
}

function segment(cue: TimedText, id: number, { transcript }: HeardClip): Static<typeof Segment> {
  const bytes = Buffer.from(cue.text)
  return {
    ...{ id, seek: 0, ...span(cue), text: ` ${cue.text}`, tokens: [], temperature: 0 },
    avg_logprob: transcript?.meanLogProbability ?? 0,
    compression_ratio: bytes.length / deflateSync(bytes).length,
    no_speech_prob: transcript?.noSpeechProbability ?? 0,
  }
}

const cues = (heard: HeardClip) => sentenceTimes(wordTimes(heard), heard.transcript?.language ?? 'en')
const seconds = (ms: number) => Math.round(ms) / 1000
const span = ({ startMs, endMs }: TimedText) => ({ start: seconds(startMs), end: seconds(endMs) })

const srtCue = ({ text, startMs, endMs }: TimedText, index: number) =>
  `${index + 1}\n${clock(startMs, ',')} --> ${clock(endMs, ',')}\n${text}\n`
const vttCue = ({ text, startMs, endMs }: TimedText) =>
  `${clock(startMs, '.')} --> ${clock(endMs, '.')}\n${text}\n`

function clock(ms: number, point: ',' | '.'): string {
  return new Date(Math.round(ms)).toISOString().slice(11, 23).replace('.', point)
}
