import type { SessionSettings } from '../../../server/protocol/socketServer.ts'
import { listMicrophones } from '../../audio/microphone.ts'
import { canChooseSpeaker, listSpeakers } from '../../audio/speaker.ts'
import { el } from '../../dom.ts'
import type { TalkSettings } from '../talkSettings.ts'
import { row, slider } from './rows.ts'
import type { createWakeWord } from './wakeWord.ts'

export type SettingsDialog = { readonly element: HTMLDialogElement; open(): void }

type Endings = { ending: NonNullable<TalkSettings['ending']>; silenceMs: number; interruptMs: number }

const ENDINGS = {
  silence: 'after a pause',
  fast: 'when it sounds complete, soon',
  balanced: 'when it sounds complete',
  patient: 'when it sounds complete, patiently',
} as const

export type SettingsDialogOptions = {
  settings(): TalkSettings
  /** What the server does, also where nothing is set here; null while unknown. */
  session(): SessionSettings | null
  change(settings: Partial<TalkSettings>): void
  /** Shows the address of the page for a phone. */
  openPhone(): void
  wakeWord: Pick<ReturnType<typeof createWakeWord>, 'rows' | 'show'>
}

function endingsOf(session: SessionSettings | null): Endings | null {
  if (session === null) return null
  const { mode, preset, silenceMs } = session.endpointing
  const ending = mode === 'silence' ? mode : preset
  return { ending, silenceMs, interruptMs: session.bargeIn.minSpeechMs }
}

/** How to talk: device, mode, button, Space, what ends a question, the speech that interrupts. */
export function createSettingsDialog({
  settings,
  session,
  change,
  openPhone,
  wakeWord,
}: SettingsDialogOptions): SettingsDialog {
  const device = el('select', {
    id: 'setting-microphone',
    onchange: () => change({ microphoneId: device.value === '' ? null : device.value }),
  })
  const loudspeaker = el('select', {
    id: 'setting-speaker',
    onchange: () => change({ speakerId: loudspeaker.value === '' ? null : loudspeaker.value }),
  })
  const phone = el('button', { type: 'button', onclick: openPhone }, 'Show QR code')
  const press = el(
    'select',
    { id: 'setting-press', onchange: () => change({ press: press.value === 'toggle' ? 'toggle' : 'hold' }) },
    el('option', { value: 'hold' }, 'hold while talking'),
    el('option', { value: 'toggle' }, 'press to begin, press to end'),
  )
  const space = el('input', {
    id: 'setting-space',
    type: 'checkbox',
    onchange: () => change({ holdSpace: space.checked }),
  })
  const ending = el(
    'select',
    {
      id: 'setting-ending',
      onchange: () => {
        change({ ending: ending.value as Endings['ending'] })
        fill()
      },
    },
    ...Object.entries(ENDINGS).map(([value, text]) => el('option', { value }, text)),
  )
  const silence = slider('setting-silence', 200, 2000, 50, value => change({ silenceMs: value }))
  const interruption = slider('setting-interruption', 0, 1000, 50, value => change({ interruptMs: value }))
  const silenceRow = row('setting-silence', 'Pause that ends a question', silence.element)
  const element = el(
    'dialog',
    { class: 'settings', 'aria-labelledby': 'settings-title', onclose: () => fill() },
    el(
      'form',
      { method: 'dialog' },
      el('h2', { id: 'settings-title' }, 'How you talk'),
      row('setting-microphone', 'Microphone', device),
      ...(canChooseSpeaker() ? [row('setting-speaker', 'Loudspeaker', loudspeaker)] : []),
      el('div', { class: 'row' }, el('span', 'A phone as the microphone'), phone),
      el('h3', 'Hands-free'),
      row('setting-ending', 'A question ends', ending),
      silenceRow,
      row('setting-interruption', 'Speech that interrupts an answer', interruption.element),
      el('h3', 'Wake word'),
      ...wakeWord.rows,
      el('h3', 'Push-to-talk'),
      row('setting-press', 'The button', press),
      row('setting-space', 'Space works as the button', space),
      el('div', { class: 'actions' }, el('button', { class: 'primary', value: 'done' }, 'Done')),
    ),
  )

  function fill(): void {
    const now = settings()
    const defaults = endingsOf(session())
    press.value = now.press
    space.checked = now.holdSpace
    ending.value = now.ending ?? defaults?.ending ?? 'silence'
    silenceRow.hidden = ending.value !== 'silence'
    silence.show(now.silenceMs ?? defaults?.silenceMs ?? 500, value => `${value} ms`)
    interruption.show(now.interruptMs ?? defaults?.interruptMs ?? 250, value =>
      value === 0 ? 'never' : `${value} ms`,
    )
  }

  async function fillDevices(): Promise<void> {
    const { microphoneId, speakerId } = settings()
    fillWith(device, 'Microphone', await listMicrophones(), microphoneId)
    fillWith(loudspeaker, 'Loudspeaker', await listSpeakers(), speakerId)
  }

  navigator.mediaDevices?.addEventListener('devicechange', () => void fillDevices())
  return {
    element,
    open() {
      fill()
      wakeWord.show()
      void fillDevices()
      element.showModal()
    },
  }
}

function fillWith(
  select: HTMLSelectElement,
  kind: string,
  devices: MediaDeviceInfo[],
  chosen: string | null,
): void {
  select.replaceChildren(
    el('option', { value: '' }, "The browser's choice"),
    ...devices
      .filter(({ deviceId }) => deviceId !== '' && deviceId !== 'default')
      .map(({ deviceId, label }, index) =>
        el('option', { value: deviceId }, label || `${kind} ${index + 1}`),
      ),
  )
  select.value = chosen ?? ''
  if (select.selectedIndex < 0) select.value = ''
}
