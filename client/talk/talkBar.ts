import type { Mode } from '../../server/protocol/socketClient.ts'
import { el } from '../dom.ts'
import { icon } from '../icons.ts'

export type TalkBarFacts = {
  microphoneOn: boolean
  muted: boolean
  mode: Mode
  isEmpty: boolean
}

export type TalkBarOptions = {
  setMode(mode: TalkBarFacts['mode']): void
  setMuted(muted: boolean): void
  turnOff(): void
  openSettings(): void
  newConversation(): void
  openConversations(): void
  /** What had the focus is no longer there. */
  left(): void
}

/** The small controls around the big one. */
export function createTalkBar(options: TalkBarOptions): {
  readonly element: HTMLElement
  show(facts: TalkBarFacts): void
} {
  const handsFree = modeChoice('hands-free', 'Hands-free')
  const wakeWord = modeChoice('wake-word', 'Wake word')
  const pushToTalk = modeChoice('push-to-talk', 'Push-to-talk')
  const modes = el(
    'fieldset',
    { class: 'modes' },
    el('legend', { class: 'unseen' }, 'How to talk'),
    ...[handsFree, wakeWord, pushToTalk].map(choice => choice.element),
  )
  const mute = button('muted', 'Mute', () => options.setMuted(mute.getAttribute('aria-pressed') !== 'true'))
  const off = button('off', 'Turn off', options.turnOff)
  const fresh = button('fresh', 'New', options.newConversation)
  // In full where there is room for it.
  fresh.lastElementChild?.append(el('span', { class: 'more-words' }, ' conversation'))
  const kept = button('history', 'Conversations', options.openConversations)
  const settings = button('settings', 'Settings', options.openSettings)
  const element = el(
    'div',
    { class: 'bar-of-talk' },
    modes,
    el('span', { class: 'break' }),
    mute,
    off,
    fresh,
    kept,
    settings,
  )

  function modeChoice(mode: TalkBarFacts['mode'], label: string) {
    const input = el('input', {
      type: 'radio',
      name: 'mode',
      value: mode,
      onchange: () => options.setMode(mode),
    })
    return { input, element: el('label', input, el('span', label)) }
  }

  return {
    element,
    show({ microphoneOn, muted, mode, isEmpty }) {
      for (const { input } of [handsFree, wakeWord, pushToTalk]) input.checked = input.value === mode
      const focused = [mute, off, fresh].find(one => one === document.activeElement)
      mute.hidden = !microphoneOn
      mute.setAttribute('aria-pressed', String(muted))
      off.hidden = !microphoneOn
      fresh.hidden = isEmpty
      if (focused?.hidden) options.left()
    },
  }
}

function button(picture: Parameters<typeof icon>[0], label: string, act: () => void): HTMLButtonElement {
  return el(
    'button',
    { class: `quiet ${picture}`, type: 'button', onclick: act },
    icon(picture),
    el('span', label),
  )
}
