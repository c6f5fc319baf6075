import { createSpeechRecognizer } from '../../../server/recognition/speechRecognizer.ts'
import type { DecodeDependencies } from '../../../server/recognition/utterance/decoding.ts'
import type { RecognizerScene } from '../../contract/recognizer.ts'

/** A recognizer on whisper-servers that `acquire` gives, with a look at the places it takes. */
export function whisperScene(
  acquire: DecodeDependencies['acquire'],
): Pick<RecognizerScene, 'recognizer' | 'engine' | 'break'> {
  let [asked, busy, broken] = [0, 0, false]
  const recognizer = createSpeechRecognizer({
    async acquire(model, owner, signal) {
      asked++
      const place = await acquire(model, owner, signal)
      busy++
      return {
        ...place,
        baseUrl: broken ? 'http://127.0.0.1:1' : place.baseUrl,
        release() {
          busy--
          place.release()
        },
      }
    },
  })
  const breakDown = () => {
    broken = true
    return 'engine_unavailable'
  }
  return { recognizer, engine: { asked: () => asked, busy: () => busy }, break: breakDown }
}
