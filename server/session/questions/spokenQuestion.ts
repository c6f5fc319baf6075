import { durationMs } from '../../audio/pcm.ts'
import type { LanguageModel } from '../../protocol/models.ts'
import type { SessionSettings } from '../../protocol/socketServer.ts'
import type { Recognition, SpeechLevel } from '../../recognition/recognizer.ts'
import type { ActiveHistory } from '../settings.ts'
import { type AskedFor, recordLevel, recordTranscript } from './question.ts'
import { tellIfQuiet } from './quietMicrophone.ts'

type Lookup = { settings: SessionSettings; model: Promise<LanguageModel>; level: Promise<SpeechLevel> }

/** A question that is being said: it is recognized while it comes, and its models are looked up meanwhile. */
export function spokenQuestion(active: ActiveHistory, showsPartials: boolean): AskedFor {
  return ({ stages, turn, sink, signal, supposing, heard }) => {
    const { turnId, owner } = turn
    const { conversation, settings: begunWith } = active.now()
    let samples: Int16Array | null = null
    let isWhole = false
    let partial: string | null = null
    let lookup = lookUp(begunWith)
    let recognition = recognize(lookup)
    signal.addEventListener('abort', () => recognition.cancel(), { once: true })

    function lookUp(settings: SessionSettings): Lookup {
      const model = stages.languageModel(settings.llmModel, signal)
      const level = stages.speechLevel(settings.speechModel, signal)
      for (const finding of [model, level]) finding.catch(() => {})
      return { settings, model, level }
    }

    function recognize({ level, settings }: Lookup): Recognition {
      const opened = stages.recognizer.open({ model: level, language: settings.language, owner })
      if (showsPartials) {
        opened.partials(({ text, stableLength }) => {
          partial = text
          sink.tell({ type: 'transcript.partial', turnId, text, stableLength })
        })
      }
      return opened
    }

    /** What was switched before the speech ended counts for all of it. */
    function switchTo(settings: SessionSettings, spoken: Int16Array): void {
      if (settings === lookup.settings) return
      const { speechModel, language } = lookup.settings
      lookup = lookUp(settings)
      if (settings.speechModel === speechModel && settings.language === language) return
      recognition.cancel()
      recognition = recognize(lookup)
      recognition.push(spoken)
    }

    /** What was switched since counts for it, and it was heard for another. */
    function suppose(text: string): void {
      const { settings, model } = lookup
      if (isWhole || text === '' || settings !== active.now().settings) return
      const voice = stages.voice(settings.voice)
      const { language } = settings
      supposing.suppose(model.then(found => ({ text, language, model: found, voice, conversation })))
    }

    return {
      taker: {
        push: part => recognition.push(part),
        paused(speech) {
          supposing.paused()
          recognition.paused(speech, suppose)
        },
        resumed() {
          supposing.resumed()
          recognition.resumed()
        },
        voiced: voicedMs => heard(voicedMs, recognition.textAtPause() ?? partial),
        text: () => recognition.textAtPause(),
      },
      samples: () => samples,
      async understand(end) {
        if (end === null) throw new Error('A spoken question has no end.')
        isWhole = true
        const { settings } = active.at(end.speechEndedAtMs ?? end.decidedAtMs)
        const { speech, llm } = turn.draft
        llm.model = settings.llmModel
        speech.model = settings.speechModel
        if (end.utterance === null) {
          recognition.cancel()
          speech.speechMs = 0
          return null
        }
        samples = end.utterance.samples
        tellIfQuiet(turnId, samples, end.utterance, sink)
        switchTo(settings, samples)
        const level = await lookup.level
        recordLevel(turn, level)
        const { segments, speechMs } = end.utterance
        Object.assign(speech, { audioMs: durationMs(samples.length), speechMs })
        const transcript = await recognition.finish({ segments, speechMs }, signal)
        const text = recordTranscript(turn, transcript, sink)
        if (text === null) return null
        sink.tell({ type: 'transcript.final', turnId, text })
        const { language } = transcript
        return {
          text,
          language,
          model: await lookup.model,
          voice: stages.voice(settings.voice),
          conversation,
        }
      },
    }
  }
}
