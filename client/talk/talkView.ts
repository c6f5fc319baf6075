import type { Api } from '../api.ts'
import { createAudioClock } from '../audio/audioClock.ts'
import { createPageSound } from '../audio/pageSound.ts'
import { createConversation } from '../conversation/conversation.ts'
import { createConversationView } from '../conversation/conversationView.ts'
import { createConversations } from '../conversations/conversations.ts'
import { el, isEscape } from '../dom.ts'
import { createTour } from '../help/tour/tour.ts'
import type { Notices } from '../notices.ts'
import type { View } from '../view.ts'
import { createControl } from './control.ts'
import { createDock } from './dock.ts'
import { actionFor, answerUnderWay, hintFor } from './hints.ts'
import { createLoadingModel } from './loadingModel.ts'
import { createPressing } from './pressing.ts'
import { createConversationPlace } from './session/conversationPlace.ts'
import { createLiveSession } from './session/liveSession.ts'
import { createPhoneDialog } from './settings/phone.ts'
import { createSettingsDialog } from './settings/settingsDialog.ts'
import { createWakeWord, spokenPhrase } from './settings/wakeWord.ts'
import { createVoiceShape } from './shape/voiceShape.ts'
import { createSidePanel } from './sidePanel.ts'
import { createTalkBar } from './talkBar.ts'
import { createTalker } from './talker.ts'
import { keepSettings, readSettings, type TalkSettings } from './talkSettings.ts'
import { type TalkState, talkState } from './talkState.ts'
import { createTypedInput } from './typedInput.ts'
import { createWelcome } from './welcome.ts'

export type TalkView = View & {
  /** The server answers with the token that there is: what the page asks it can be asked. */
  serverReached(): void
  /** Asked for from there, where the focus comes back to. */
  showTour(from: HTMLElement): void
  /** Something is about to be recorded that is no question: talking is off from then on. Gives the chosen microphone. */
  makeWay(): string | null
}

export type TalkViewOptions = {
  api: Api
  notices: Notices
  token(): string | null
  /** Tried again by itself; why may be to be said at once. */
  connectionLost(): void
  /** A proxy passes none on: told whenever something changed. */
  webSocketsBlocked(blocked: boolean): void
  /** A turn failed, perhaps for want of an engine or model. */
  engineFailed(): void
  /** Told wherever on the page one is: a microphone that is on is never out of sight. */
  stateChanged(state: TalkState): void
}

/** How often what is shown follows the clock: the level, the frames that flow, seconds until a retry. */
const TICK_MS = 100

const hasTouch = matchMedia('(pointer: coarse)')

/** Talking, and the conversation. */
export function createTalkView(options: TalkViewOptions): TalkView {
  const { api, notices, token } = options
  const hasToken = () => token() !== null
  let [told, wasLost] = ['', false]
  let settings = readSettings()
  // Beside the places of the page: a media element that leaves the document falls silent.
  const voice = el('audio', { class: 'unseen', 'data-plays': 'replies' })
  const recording = el('audio', { class: 'unseen', 'data-plays': 'recordings' })
  document.body.append(voice, recording)
  const shape = createVoiceShape(level)
  const control = createControl(shape.element)
  const audioClock = createAudioClock()
  const view = createConversationView({
    ...{ api, notices, element: recording, speaks },
    over({ record, error }) {
      if (record !== null) side.over(record)
      if (error !== null) options.engineFailed()
    },
    askAgain: question => ask(question),
    changed() {
      place.changed()
      render()
    },
  })
  const conversation = createConversation(view, audioClock.momentOf)
  const session = createLiveSession({
    ...{ api, hasToken, element: voice, conversation },
    talkSettings: () => settings,
    ready(now) {
      audioClock.begin(now.sampleRate)
      side.current(now)
    },
    configured: message => side.configured(message),
    switchFailed: message => side.failed(message),
    // The end of the connection follows, and is said where one talks.
    stopping: message => notices.say(message.message),
    failed: message => notices.failure(message.message, message.mend ?? ''),
    soundOpened: context => sound.opened(context),
    playRecording: path => void view.playRecording(path),
    restFailed: error => notices.failure('The question could not be asked.', error),
    noWakeWord() {
      change({ mode: 'hands-free' })
      setMode('wake-word')
    },
    changed: () => render(),
  })
  const side = createSidePanel(api, notices, session.switchTo)
  const place = createConversationPlace({ api, notices, session, conversation, view })
  const talker = createTalker({
    ...{ session: { ...session, audio }, changed: () => render(), moved: notices.say },
  })
  const microphoneIsOn = () => talker.microphone() === 'on' || talker.microphone() === 'starting'
  const sound = createPageSound({
    ...{ replies: voice, recordings: recording, changed: () => render() },
    now: () => ({
      listens: microphoneIsOn(),
      plays: conversation.phase() === 'speaking',
      microphoneMuted: talker.mutedBySystem(),
    }),
  })
  sound.heardAt(settings.speakerId)
  const loading = createLoadingModel(api, () => render())
  const wakeWord = createWakeWord({
    api,
    settings: () => settings,
    serverDefault: () => session.settings()?.wake ?? null,
    change,
    failed: error => notices.failure('The wake words could not be fetched.', error),
  })
  const phone = createPhoneDialog(api, token)
  const dialog = createSettingsDialog({
    ...{ wakeWord, openPhone: phone.open },
    ...{ settings: () => settings, session: session.settings, change },
  })
  const bar = createTalkBar({
    setMode,
    setMuted: talker.setMuted,
    turnOff() {
      place.turnedOff()
      talker.turnOff()
    },
    ...{ openSettings: dialog.open, newConversation: place.begin, left: () => control.button.focus() },
    openConversations: createConversations({ api, notices, place }),
  })
  const pressing = createPressing({
    button: control.button,
    mode: () => (settings.mode === 'push-to-talk' && talker.microphone() === 'on' ? settings.press : 'tap'),
    spaceTalks: () => settings.holdSpace && element.isConnected,
    tap,
    press: session.begin,
    release: session.commit,
  })
  const retry = el('button', { class: 'retry', type: 'button', onclick: session.retry }, 'Try now')
  const welcome = createWelcome()
  const dock = createDock({
    ...{ control: control.element, retry, typed: createTypedInput(ask) },
    ...{ bar: bar.element, chip: side.chip },
  })
  const tour = createTour(() => render())
  const title = el('h1', { class: 'unseen' }, 'Talk')
  const stage = el('div', { class: 'stage' }, title, tour.element, view.element, welcome, dock.element)
  const dialogs = [dialog.element, wakeWord.dialog, phone.element]
  const element = el('div', { class: 'talk' }, stage, side.element, ...dialogs)

  function change(wanted: Partial<TalkSettings>): void {
    pressing.letGo()
    const before = settings
    settings = { ...settings, ...wanted }
    keepSettings(settings)
    const isHeardDifferently = (
      ['mode', 'ending', 'silenceMs', 'interruptMs', 'wakePhrase', 'wakeThreshold'] as const
    ).some(name => settings[name] !== before[name])
    if (isHeardDifferently) session.settingsChanged()
    sound.heardAt(settings.speakerId)
    if (settings.microphoneId !== before.microphoneId && microphoneIsOn())
      void talker.turnOn(settings.microphoneId)
    render()
  }

  function setMode(mode: TalkSettings['mode']): void {
    if (mode !== 'wake-word') change({ mode })
    // The bar shows the mode that it is in until then.
    else void wakeWord.ensure().then(isThere => (isThere ? change({ mode }) : render()))
  }

  function audio(pcm: ArrayBuffer): void {
    audioClock.sent(pcm, performance.now())
    session.audio(pcm)
  }

  /** Of what sounds now, 0 to 1: the answer, or who talks. */
  function level(): number {
    return conversation.phase() === 'speaking' ? session.replyLevel() : (talker.level() ?? 0)
  }

  function speaks(): boolean {
    const now = session.settings()
    return now !== null && now.voice !== 'none'
  }

  function ask(text: string): void {
    session.open()
    session.typed(text)
    render()
  }

  function tap(): void {
    if (sound.wasHeld()) return
    if (answerUnderWay(state().name)) session.interrupt()
    else if (microphoneIsOn()) talker.turnOff()
    else void talker.turnOn(settings.microphoneId)
  }

  function state(): TalkState {
    const held = sound.held()
    return talkState({
      microphone: talker.microphone(),
      connection: session.blocked() ? 'blocked' : session.connection().name,
      held: held === null ? null : held === 'microphone-muted' ? 'microphone' : 'sound',
      mode: settings.mode,
      awake: session.awake(),
      muted: talker.muted(),
      framesFlow: talker.framesFlow(),
      phase: conversation.phase(),
      speaks: speaks(),
      loadingModel: loading.isLoading(),
    })
  }

  function render(): void {
    view.tick()
    loading.watch(conversation.phase(), session.settings())
    const connection = session.connection()
    const waiting =
      'why' in connection
        ? {
            why: connection.why,
            seconds: Math.max(0, Math.ceil((connection.untilMs - performance.now()) / 1000)),
          }
        : null
    const now = state()
    if (now.name !== told) options.stateChanged(now)
    told = now.name
    if (waiting !== null && !wasLost) options.connectionLost()
    wasLost = waiting !== null
    options.webSocketsBlocked(session.blocked())
    const microphone = talker.microphone()
    const isOn = microphoneIsOn()
    sound.staysOn(isOn && settings.mode === 'hands-free')
    const hint = hintFor({
      ...{ state: now.name, settings, microphone, waiting },
      ...{ failure: talker.failure(), held: sound.held() },
      wakeWord: spokenPhrase(session.settings()?.wake.phrase ?? settings.wakePhrase ?? 'hey-jarvis'),
      silentForMs: talker.silentForMs(),
      isTouch: hasTouch.matches,
    })
    control.show(
      now,
      answerUnderWay(now.name) && !isOn ? 'Stop the answer' : actionFor(now.name, settings, isOn),
      hint,
    )
    control.level(talker.level())
    shape.tick()
    retry.hidden = waiting === null
    // From the moment when somebody talks, and not when the first words come: then nothing moves.
    const isEmpty = view.isEmpty() && microphone === 'off'
    bar.show({ microphoneOn: isOn, muted: talker.muted(), mode: settings.mode, isEmpty })
    tour.changed(!view.isEmpty())
    welcome.hidden = !view.isEmpty() || tour.isOpen()
    element.classList.toggle('empty', isEmpty)
  }

  document.addEventListener('keydown', event => {
    if (!isEscape(event) || document.querySelector('dialog[open]') !== null) return
    if (dock.closeMenu()) return
    // What is said or heard goes first.
    if (tour.isOpen() && conversation.phase() === 'none') return tour.end()
    if (conversation.phase() === 'hearing') session.cancelSpeech()
    else session.interrupt()
    pressing.forget()
  })
  setInterval(render, TICK_MS)

  return {
    element,
    serverReached() {
      session.reached()
      place.restore()
      side.load().catch(error => notices.failure('A part of the page could not be fetched.', error))
    },
    showTour: tour.start,
    makeWay() {
      if (microphoneIsOn()) notices.say('Talking is turned off while you record.')
      talker.turnOff()
      session.interrupt()
      return settings.microphoneId
    },
    show: render,
    hide() {},
  }
}
