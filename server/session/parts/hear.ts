import { QuantvoxError } from '../../errors.ts'
import { MULTILINGUAL, UNDETERMINED } from '../../spokenLanguage.ts'
import { type Clip, type HeardAs, type HeardClip, hearClip } from '../questions/clip.ts'
import { type PartContext, recorded } from './recorded.ts'

/** Hints are for who talks to the assistant. */
export const nobody = { tell: () => {}, play: () => Promise.resolve(true) }

/** Hears a clip and leaves it at that: what was said in it, once. @throws as `recorded` and `hearClip` do */
export function hear(
  clip: Clip,
  heardAs: HeardAs,
  context: PartContext,
  signal: AbortSignal,
): AsyncGenerator<HeardClip, void, undefined> {
  const { stages } = context
  return recorded(
    context,
    async function* (turn) {
      const heard = await hearClip(clip, heardAs, { stages, turn, sink: nobody }, signal)
      if (heard.transcript?.language === UNDETERMINED) {
        const message = `${turn.draft.speech.model} hears English only, and this was another language.`
        throw new QuantvoxError('invalid_request', message, { mend: MULTILINGUAL, param: 'model' })
      }
      turn.transcript = heard.text
      yield heard
      return heard.text === null ? 'no-speech' : 'completed'
    },
    signal,
  )
}
