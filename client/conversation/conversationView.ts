import { counted } from '../../server/shared/figures.ts'
import type { Api } from '../api.ts'
import { el } from '../dom.ts'
import type { Notices } from '../notices.ts'
import type { ShownTurn } from './conversation.ts'
import { copyText } from './copyText.ts'
import { differenceInWords, differenceOf } from './difference.ts'
import { createEarlierTurns } from './earlierTurns.ts'
import { createSharedAxis } from './sharedAxis.ts'
import { createTurnView, type TurnView } from './turnView.ts'

export type ConversationViewOptions = {
  api: Api
  notices: Notices
  /** Replays play through it. */
  element: HTMLAudioElement
  /** Replies are spoken. */
  speaks(): boolean
  over(turn: ShownTurn): void
  /** A question that the connection took with it. */
  askAgain(question: string): void
  changed(): void
}

/** So far below the window, the end is still what somebody reads. */
const NEAR_PX = 200

/** The turns of a conversation, and what screen readers are told of them: whole texts, not every word as it comes. */
export function createConversationView(options: ConversationViewOptions) {
  const { api, notices } = options
  const list = el('div', { class: 'turns' })
  const captions = el('div', { class: 'unseen', 'aria-live': 'polite' })
  const end = el('div', { class: 'end' })
  const earlier = createEarlierTurns({
    failed: error => notices.failure('The earlier turns could not be fetched.', error),
    done() {
      const first = list.querySelector<HTMLElement>('.turn')
      first?.setAttribute('tabindex', '-1')
      first?.focus({ preventScroll: true })
    },
  })
  const element = el('div', { class: 'conversation' }, earlier.element, list, end, captions)
  const views = new Map<ShownTurn, TurnView>()
  const axis = createSharedAxis()
  /** What was cleared and may be shown again; its turns go on all the same. */
  let cleared = new Map<ShownTurn, TurnView>()
  /** Whoever scrolled up to read stays there. */
  let follows = true
  let scrolledTo = 0
  const told = new WeakMap<ShownTurn, Set<string>>()

  async function playRecording(path: string): Promise<void> {
    try {
      const url = URL.createObjectURL(await api.blob(path))
      options.element.src = url
      options.element.onended = () => URL.revokeObjectURL(url)
      await options.element.play()
    } catch (error) {
      notices.failure('The answer cannot be played.', error)
    }
  }

  async function copy(text: string): Promise<void> {
    if (await copyText(text)) notices.say('Copied.')
    else notices.say('This browser does not let the page copy: select the answer and copy it by hand.')
  }

  /** Each text once, when it is whole. */
  function caption(turn: ShownTurn): void {
    const said = told.get(turn) ?? new Set<string>()
    told.set(turn, said)
    const lines = [
      turn.stableLength === null && turn.question !== '' && !turn.typed ? `You said: ${turn.question}` : '',
      turn.replyDone ? `The answer: ${turn.reply}` : '',
    ]
    for (const line of lines) {
      if (line === '' || said.has(line)) continue
      said.add(line)
      captions.replaceChildren(line)
    }
  }

  function update(turn: ShownTurn): void {
    views.get(turn)?.update(turn)
    caption(turn)
    if (follows && turn.outcome !== null) showEnd()
  }

  function difference(turn: ShownTurn): string {
    const turns = [...views.keys()]
    const before = turns.slice(0, turns.indexOf(turn)).flatMap(({ record }) => record ?? [])
    const found = turn.record === null ? null : differenceOf(turn.record, before)
    return found === null ? '' : differenceInWords(found)
  }

  const showEnd = () => end.scrollIntoView({ block: 'nearest' })
  addEventListener(
    'scroll',
    () => {
      // In other places, the end is not to be seen.
      if (!element.isConnected) return
      if (end.getBoundingClientRect().bottom - innerHeight < NEAR_PX) follows = true
      // An answer may grow by more than that between a scroll and what is told of it.
      else if (scrollY < scrolledTo) follows = false
      scrolledTo = scrollY
    },
    { passive: true },
  )
  // Once a frame, after its layout: words of a long answer come faster, and to ask where the end is lays out all that is shown.
  new ResizeObserver(() => {
    const isOpen = [...views.keys()].some(({ outcome }) => outcome === null)
    if (follows && isOpen) showEnd()
  }).observe(list)

  function viewOf(turn: ShownTurn): TurnView {
    const view = createTurnView({
      ...{ axis, difference, speaks: options.speaks },
      replay: turnId => void playRecording(`/v1/turns/${turnId}/reply.wav`),
      copy: text => void copy(text),
      again: options.askAgain,
    })
    views.set(turn, view)
    view.update(turn)
    return view
  }

  return {
    element,
    added(turn: ShownTurn): void {
      list.append(viewOf(turn).element)
      options.changed()
      showEnd()
    },
    changed: update,
    removed(turn: ShownTurn): void {
      cleared.delete(turn)
      views.get(turn)?.element.remove()
      views.get(turn)?.removed()
      views.delete(turn)
      options.changed()
    },
    over(turn: ShownTurn): void {
      update(turn)
      options.over(turn)
    },
    /** A spoken reply from where the server has it. */
    playRecording,
    /** Of a conversation that goes on, before what is shown of it: shown, and told to nobody once more. */
    restored(turns: readonly ShownTurn[]): void {
      const later = [...views]
      const before = element.scrollHeight
      views.clear()
      axis.before(() => list.prepend(...turns.map(turn => viewOf(turn).element)))
      for (const [turn, view] of later) views.set(turn, view)
      options.changed()
      if (later.length === 0) showEnd()
      else {
        scrollBy(0, element.scrollHeight - before)
        captions.replaceChildren(`${counted(turns.length, 'earlier turn')} shown.`)
      }
    },
    offerEarlier: earlier.offer,
    /** Forgets what is shown; what it gives shows it again, before what came since. */
    clear(): () => void {
      const before = new Map(views)
      const offered = earlier.offered()
      earlier.offer(null)
      cleared = before
      list.replaceChildren()
      views.clear()
      axis.clear()
      options.changed()
      return () => {
        list.prepend(...[...before.values()].map(view => view.element))
        for (const [turn, view] of before) {
          views.set(turn, view)
          view.shownAgain()
          view.update(turn)
        }
        earlier.offer(offered)
        options.changed()
      }
    },
    /** Time went on: what is waited for takes longer. */
    tick(): void {
      for (const [turn, view] of views) if (turn.outcome === null) view.tick(turn)
    },
    isEmpty: () => views.size === 0,
  }
}
