import type { MyVoice } from '../../server/protocol/myVoice.ts'
import { MicrophoneError } from '../audio/microphone.ts'
import { el } from '../dom.ts'
import { type Recording, type RecordingUnderWay, startRecording } from '../recording/recording.ts'

/** Who forgets to stop has read it long since. */
const MOST_SECONDS = 20

type SentenceOptions = {
  /** This one is about to be recorded: one reads one sentence at a time. Gives the microphone for it. */
  begins(): string | null
  /** A recording is there, or not any more. */
  changed(): void
  failed(error: unknown): void
}

const unplugged = () =>
  new MicrophoneError(
    'The microphone was unplugged.',
    'Plug one in, or choose another in Settings, and read it again.',
  )

/** A sentence to read aloud, with the button that records it. */
export function createSentenceRow(
  { text }: MyVoice['sentences'][number],
  { begins, changed, failed }: SentenceOptions,
) {
  let recording: Recording | null = null
  let underWay: RecordingUnderWay | null = null
  /** Of what is under way, or about to be: browsers take their time to open a microphone. */
  let recorder = new AbortController()
  let ending: ReturnType<typeof setTimeout> | undefined
  const meter = el('meter', { min: 0, max: 0.3, value: 0, 'aria-hidden': 'true' })
  const told = el('span', { class: 'soft', role: 'status' })
  const button = el('button', { type: 'button', class: 'small', onclick: () => void press() })

  function show(): void {
    const verb = underWay !== null ? 'Stop' : recording === null ? 'Record' : 'Record again'
    button.textContent = verb
    button.ariaLabel = `${verb}: ${text}`
    button.classList.toggle('recording', underWay !== null)
    meter.hidden = underWay === null
    told.textContent =
      underWay !== null ? 'listening' : recording === null ? '' : `${recording.seconds.toFixed(1)} s recorded`
  }

  async function press(): Promise<void> {
    button.disabled = true
    try {
      if (underWay === null) await begin()
      else await end()
    } catch (error) {
      if (!recorder.signal.aborted) failed(error)
    }
    button.disabled = false
    show()
    changed()
  }

  async function begin(): Promise<void> {
    const deviceId = begins()
    recorder = new AbortController()
    underWay = await startRecording({
      ...{ signal: recorder.signal, deviceId },
      level: level => {
        meter.value = level
      },
      ended() {
        cancel()
        failed(unplugged())
      },
    })
    ending = setTimeout(() => void press(), MOST_SECONDS * 1000)
  }

  async function end(): Promise<void> {
    clearTimeout(ending)
    const before = underWay
    underWay = null
    if (before !== null) recording = await before.stop()
  }

  /** Lets the microphone go, whether it is open yet or not. */
  function cancel(): void {
    clearTimeout(ending)
    recorder.abort()
    underWay = null
    show()
    changed()
  }

  show()
  return {
    element: el('li', el('p', text), el('div', { class: 'recorder' }, button, meter, told)),
    recording: (): Recording | null => recording,
    isRecording: (): boolean => underWay !== null,
    /** Another one is read: what was recorded of this one is kept. */
    finish: (): void => (underWay === null ? cancel() : void press()),
    /** Nobody looks any more: the microphone is let go. */
    cancel,
  }
}
