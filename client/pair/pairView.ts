import './pair.css'
import type { ServerInfo } from '../../server/protocol/info.ts'
import type { TurnMessage } from '../../server/protocol/messages.ts'
import type { LanguageModel, SpeechModel } from '../../server/protocol/models.ts'
import type { PairMessage } from '../../server/protocol/turns.ts'
import type { Api } from '../api.ts'
import { createSpeaker } from '../audio/speaker.ts'
import { el } from '../dom.ts'
import { icon } from '../icons.ts'
import { languageGroups, speechGroups } from '../models/modelGroups.ts'
import { readSettings } from '../talk/talkSettings.ts'
import { inWords, troubleBox } from '../trouble.ts'
import type { View } from '../view.ts'
import { createAnswer } from './answerView.ts'
import { comparedWith, otherChoice } from './choices.ts'
import { createCombination } from './combination.ts'
import { type Sides, sidesAfter } from './pairTurns.ts'
import { type Recording, record } from './recording.ts'

/**
 * One question, typed or recorded, to two combinations of levels: both answers side by side, and what each took.
 * @param makeWay is told before each recording, and gives the microphone for it
 */
export function createPairView(api: Api, makeWay: () => string | null): View {
  const [chosen, compared] = [createCombination('One', 'chosen'), createCombination('The other', 'compared')]
  const answers = [createAnswer('One', hear), createAnswer('The other', hear)] as const
  const input = el('input', {
    ...{ type: 'text', name: 'question', 'aria-label': 'The question', placeholder: 'Type a question' },
    ...{ autocomplete: 'off', maxlength: 4000, enterkeyhint: 'send', dir: 'auto' },
  })
  const send = el('button', { type: 'submit', class: 'primary' }, 'Ask both')
  const microphone = el(
    'button',
    { type: 'button', onclick: () => void speak() },
    icon('microphone'),
    'Record it',
  )
  const cancel = el('button', { type: 'button', hidden: true, onclick: () => running?.abort() }, 'Cancel')
  const trouble = el('div')
  const results = el('div', { class: 'answers', hidden: true }, ...answers.map(({ element }) => element))
  const form = el(
    'form',
    { class: 'ask', onsubmit: (event: SubmitEvent) => submit(event) },
    el('div', { class: 'combinations' }, chosen.element, compared.element),
    el('div', { class: 'row' }, input, send, microphone, cancel),
  )
  const player = el('audio', { hidden: true })
  const speaker = createSpeaker([player])
  const element = el(
    'section',
    { class: 'place pair-view' },
    el('h1', 'Ask two levels at once'),
    el(
      'p',
      { class: 'soft' },
      'The same question to two combinations, one after the other, in alternating order: what each answers, how long it takes, and what it costs.',
    ),
    ...[form, trouble, results, player],
  )
  let running: AbortController | null = null
  let recording: Recording | null = null
  /** Of the recording, from the press on: browsers take their time to open a microphone. */
  let recorder: AbortController | null = null
  let isOffered = false
  let playing: string | null = null

  async function offer(): Promise<void> {
    try {
      const [info, speech, language] = await Promise.all([
        api.get<ServerInfo>('/v1/info'),
        api.get<{ items: SpeechModel[] }>('/v1/models/speech'),
        api.get<{ items: LanguageModel[] }>('/v1/models/language'),
      ])
      const groups = { speech: speechGroups(speech.items), language: languageGroups(language.items) }
      const first = { llmModel: info.defaults.llmModel ?? '', speechModel: info.defaults.speechModel ?? '' }
      chosen.offer(groups, first)
      compared.offer(groups, otherChoice(groups, first))
      trouble.replaceChildren()
      isOffered = true
    } catch (error) {
      trouble.replaceChildren(troubleBox([inWords(error)], () => void offer()))
    }
  }

  function submit(event: SubmitEvent): void {
    event.preventDefault()
    const text = input.value.trim()
    if (text !== '') void ask({ text })
  }

  async function speak(): Promise<void> {
    if (recording !== null) return recording.stop()
    if (running !== null || recorder !== null) return
    say(null)
    const mine = new AbortController()
    recorder = mine
    showState()
    try {
      recording = await record(mine.signal, makeWay(), clip => {
        endRecording()
        void ask({ clip })
      })
      showState()
    } catch (error) {
      if (mine.signal.aborted) return
      endRecording()
      say(inWords(error))
    }
  }

  /** Lets the microphone go, whether it is open yet or not. */
  function endRecording(): void {
    recorder?.abort()
    recorder = null
    recording = null
    showState()
  }

  function showState(): void {
    const isOn = recording !== null
    send.disabled = running !== null || recorder !== null
    microphone.disabled = running !== null
    cancel.hidden = running === null
    microphone.replaceChildren(icon(isOn ? 'stop' : 'microphone'), isOn ? 'Stop, and ask' : 'Record it')
    microphone.dataset.on = String(isOn)
  }

  async function ask(question: { text: string } | { clip: Blob }): Promise<void> {
    if (running !== null) return
    const [one, other] = [chosen.choice(), compared.choice()]
    const compareWith = comparedWith(one, other, 'clip' in question)
    if (compareWith === null) {
      const typed =
        'clip' in question ? '' : ' A typed question is not heard, so speech levels make no difference to it.'
      return say(`Both are the same: choose another level on one side.${typed}`)
    }
    const controller = new AbortController()
    running = controller
    showState()
    say(null)
    let sides: Sides | null = null
    try {
      const request = {
        method: 'POST',
        body: bodyOf(question, one, compareWith),
        signal: controller.signal,
      } as const
      for await (const { data } of api.events('/v1/turns', request)) {
        sides = sidesAfter(sides, data as PairMessage | TurnMessage)
        if (sides !== null) show(sides)
      }
    } catch (error) {
      say(
        controller.signal.aborted
          ? 'Cancelled. What was answered until then is in the record.'
          : inWords(error),
      )
    }
    running = null
    showState()
  }

  function show(sides: Sides): void {
    results.hidden = false
    for (const [index, answer] of answers.entries()) answer.update(sides[index as 0 | 1], sides)
  }

  function say(text: string | null): void {
    trouble.replaceChildren(...(text === null ? [] : [el('p', { class: 'trouble', role: 'alert' }, text)]))
    if (text !== null) trouble.scrollIntoView({ block: 'nearest' })
  }

  async function hear(audioUrl: string): Promise<void> {
    try {
      const blob = await api.blob(audioUrl)
      if (playing !== null) URL.revokeObjectURL(playing)
      playing = URL.createObjectURL(blob)
      player.src = playing
      speaker.choose(readSettings().speakerId)
      await player.play()
    } catch (error) {
      say(inWords(error))
    }
  }

  return {
    element,
    show() {
      if (!isOffered) void offer()
    },
    hide() {
      player.pause()
      endRecording()
    },
  }
}

function bodyOf(
  question: { text: string } | { clip: Blob },
  choices: { llmModel: string; speechModel: string },
  compareWith: object,
): FormData | object {
  const named = Object.fromEntries(Object.entries(choices).filter(([, name]) => name !== ''))
  if ('text' in question) return { ...question, ...named, compareWith }
  const form = new FormData()
  for (const [name, value] of Object.entries(named)) form.set(name, value)
  form.set('compareWith', JSON.stringify(compareWith))
  form.set('audio', question.clip, 'question.wav')
  return form
}
