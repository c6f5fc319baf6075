import type { MyVoice } from '../../server/protocol/myVoice.ts'
import { el } from '../dom.ts'
import { type Recording, type RecordingUnderWay, startRecording } from '../recording/recording.ts'

/** Who forgets to stop has read it long since. */
const MOST_SECONDS = 20

type SentenceOptions = {
  /** A recording is there, or not any more. */
  changed(): void
  failed(error: unknown): void
}

/** A sentence to read aloud, with the button that records it. */
export function createSentenceRow(
  { text }: MyVoice['sentences'][number],
  { changed, failed }: SentenceOptions,
) {
  let recording: Recording | null = null
  let underWay: RecordingUnderWay | null = null
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
      failed(error)
    }
    button.disabled = false
    show()
    changed()
  }

  async function begin(): Promise<void> {
    underWay = await startRecording({
      level: level => {
        meter.value = level
      },
      ended: () => void cancel(),
    })
    ending = setTimeout(() => void press(), MOST_SECONDS * 1000)
  }

  async function end(): Promise<void> {
    clearTimeout(ending)
    const before = underWay
    underWay = null
    if (before !== null) recording = await before.stop()
  }

  async function cancel(): Promise<void> {
    clearTimeout(ending)
    const before = underWay
    underWay = null
    await before?.cancel()
    show()
    changed()
  }

  show()
  return {
    element: el('li', el('p', text), el('div', { class: 'recorder' }, button, meter, told)),
    recording: (): Recording | null => recording,
    isRecording: (): boolean => underWay !== null,
    /** Nobody looks any more: the microphone is let go. */
    cancel,
  }
}
