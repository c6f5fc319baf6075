import { durationMs, joinSamples } from '../../audio/pcm.ts'
import type { UtteranceEnd } from '../../hearing/hearing.ts'
import type { LanguageModel } from '../../protocol/models.ts'
import type { SessionSettings } from '../../protocol/socketServer.ts'
import type { HeardText, Recognition, SpeechLevel } from '../../recognition/recognizer.ts'
import type { ActiveHistory } from '../settings.ts'
import { type AskedFor, recordLevel, recordTranscript } from './question.ts'
import { tellIfQuiet } from './quietMicrophone.ts'
import { withoutWakeWord } from './wakeWord.ts'

type Lookup = { settings: SessionSettings; model: Promise<LanguageModel>; level: Promise<SpeechLevel> }
/** Null where nothing was said. */
type Said = { text: string; heard: HeardText; language: string | null } | null

/** A question that is being said: it is recognized while it comes, and its models are looked up meanwhile. @param isWoken it begins with the wake word */
export function spokenQuestion(active: ActiveHistory, showsPartials: boolean, isWoken: boolean): AskedFor {
  return ({ stages, turn, sink, signal, isOver, supposing, sounds, heard }) => {
    const { turnId, owner } = turn
    const { conversation, settings: begunWith } = active.now()
    let samples: Int16Array | null = null
    let isWhole = false
    let partial: HeardText | null = null
    /** What was said before the question went on, each time that it did; and of that what is known by now. */
    let before: Promise<Said> = Promise.resolve(null)
    let beforeText = ''
    let last: Promise<Said> = before
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
      const { language } = settings
      const heard = stages.recognizer.open({ model: level, language, owner, isDoubted: isOver })
      const { mode, wake } = settings
      const opened = mode === 'wake-word' ? withoutWakeWord(heard, wake.phrase, isWoken) : heard
      if (showsPartials) {
        opened.partials(({ stableLength, ...heard }) => {
          partial = heard
          const { text } = heard
          const whole = joined(beforeText, text)
          const stable = stableLength + whole.length - text.length
          sink.tell({ type: 'transcript.partial', turnId, text: whole, stableLength: stable })
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
      const question = Promise.all([model, before]).then(([found, said]) => ({
        ...{ text: joined(said?.text ?? '', text), language, model: found, voice, conversation },
      }))
      supposing.suppose(question, settings.mode !== 'push-to-talk' && settings.endpointing.mode === 'learned')
    }

    /** The last of it. Of a question that went on meanwhile only the text counts. */
    async function hear({ utterance }: UtteranceEnd, settings: SessionSettings): Promise<Said> {
      const { speech } = turn.draft
      if (utterance === null) {
        recognition.cancel()
        speech.speechMs ??= 0
        return null
      }
      const spoken = utterance.samples
      tellIfQuiet(turnId, spoken, utterance, sink)
      samples = samples === null ? spoken : joinSamples([samples, spoken])
      switchTo(settings, spoken)
      const { level } = lookup
      const hearing = recognition
      const { segments, speechMs } = utterance
      const found = await level
      const isLast = () => hearing === recognition
      if (isLast()) {
        recordLevel(turn, found)
        Object.assign(speech, { audioMs: durationMs(spoken.length), speechMs })
      }
      const transcript = await hearing.finish({ segments, speechMs }, signal)
      const text = isLast() ? recordTranscript(turn, transcript, sink) : transcript.text
      const { passes, language } = transcript
      return text === null || text === '' || passes === 0 ? null : { text, heard: transcript, language }
    }

    return {
      taker: {
        push(part) {
          sounds(part)
          recognition.push(part)
        },
        paused(speech, detector) {
          supposing.paused(detector)
          recognition.paused(speech, suppose)
        },
        resumed() {
          supposing.resumed()
          recognition.resumed()
        },
        voiced: voicedMs => heard(voicedMs, recognition.textAtPause() ?? partial),
        said() {
          const said = recognition.textAtPause()
          return said === null ? null : { text: said.text, endsHere: supposing.endsHere() }
        },
      },
      samples: () => samples,
      reopen() {
        isWhole = false
        partial = null
        const soFar = Promise.all([before, last]).then(([first, second]) => together(first, second))
        before = soFar
        const know = (said: Said) => {
          if (before === soFar) beforeText = said?.text ?? ''
        }
        // Where it failed, whoever asks for the whole of it is told.
        soFar.then(know, () => {})
        lookup = lookUp(active.now().settings)
        recognition = recognize(lookup)
      },
      async understand(end) {
        if (end === null) throw new Error('A spoken question has no end.')
        isWhole = true
        const { settings } = active.at(end.speechEndedAtMs ?? end.decidedAtMs)
        const { speech, llm } = turn.draft
        llm.model = settings.llmModel
        speech.model = settings.speechModel
        last = hear(end, settings)
        const { model } = lookup
        const soFar = before
        const [first, second] = await Promise.all([soFar, last])
        const said = together(first, second)
        if (said === null) return null
        if (soFar === before) sink.tell({ type: 'transcript.final', turnId, text: said.text })
        return { ...said, model: await model, voice: stages.voice(settings.voice), conversation }
      },
    }
  }
}

const joined = (first: string, second: string) => [first, second].filter(text => text !== '').join(' ')

function together(first: Said, second: Said): Said {
  if (first === null || second === null) return first ?? second
  const text = joined(first.text, second.text)
  // So much was said that it is words.
  const heard = { text, firstText: null, isUnclear: false }
  return { text, heard, language: second.language ?? first.language }
}
