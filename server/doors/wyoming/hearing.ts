import { hear } from '../../session/parts/hear.ts'
import type { PartContext } from '../../session/parts/recorded.ts'
import type { Clip, HeardClip } from '../../session/questions/clip.ts'
import { spokenLanguage } from '../../spokenLanguage.ts'
import { type HearingDependencies, hearingLevel } from '../hearingLevel.ts'
import { eventBytes } from './framing.ts'
import type { DataOf } from './messages.ts'

/** Home Assistant may name every device of a house; a recognizer has room for the first of them. */
const MAX_PROMPT = 1000

/** What was said in a clip, as events; its row is written before the first. @throws as `hear` does */
export async function* transcribed(
  clip: Clip,
  wanted: DataOf<'transcribe'>,
  dependencies: HearingDependencies,
  context: PartContext,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const language = wanted.language?.trim() ? spokenLanguage(wanted.language) : undefined
  const speechModel = await hearingLevel(wanted.name || undefined, { language }, dependencies)
  const { transcript_names: names = [], transcript_terms: terms = [] } = wanted
  const prompt = [...names, ...terms].join(', ').slice(0, MAX_PROMPT)
  for (const heard of await Array.fromAsync(hear(clip, { speechModel, language, prompt }, context, signal)))
    yield* eventsOf(heard)
}

/** Only what is final is sent: a client cannot take back what it was told. */
function* eventsOf({ text, transcript }: HeardClip): Generator<Buffer> {
  const said = transcript?.language
  const language = said ? { language: said } : {}
  yield eventBytes('transcript-start', language)
  const pieces = transcript?.segments.map(segment => segment.text) ?? []
  const parts = text === null ? [] : pieces.length > 0 ? pieces : [text]
  for (const [i, part] of parts.entries())
    yield eventBytes('transcript-chunk', { text: i === 0 ? part : ` ${part}` })
  yield eventBytes('transcript', { text: text ?? '', ...language })
  yield eventBytes('transcript-stop')
}
