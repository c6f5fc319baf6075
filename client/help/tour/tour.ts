import './tour.css'
import { el } from '../../dom.ts'

type Step = {
  title: string
  text: string
  /** What it is about, where that is on the page already. */
  about: string
}

const steps: readonly Step[] = [
  {
    title: 'Tap, and talk',
    text: 'Tap the microphone and ask something, or type it. The answer is spoken; talk over it, or tap again, to stop it.',
    about: '.control .big',
  },
  {
    title: 'See where the time goes',
    text: 'When your question ends a waterfall grows: every stage that you wait for, and what each one means.',
    about: '.turn:last-child .time-bar',
  },
  {
    title: 'Switch the level',
    text: 'These levels are in use. Tap here, or press [\u00a0and\u00a0], ask again, and see what it cost. A/B asks two at once.',
    about: '.level-chip .chip',
  },
]

const KEY = 'quantvox.tour'

export type Tour = ReturnType<typeof createTour>

/**
 * Three things to know, one after the other, and where they are: once, for whoever comes here first, and again from the help. It
 * takes nothing over: one talks and types while it is there, and its first step is over when one does.
 */
export function createTour(ended: () => void) {
  const count = el('p', { class: 'count' })
  const title = el('h2', { id: 'tour-title', tabindex: -1 })
  const text = el('p')
  const next = el('button', { class: 'primary', type: 'button', onclick: () => show(at + 1) })
  const skip = el('button', { class: 'quiet', type: 'button', onclick: () => end() }, 'Skip')
  const card = el(
    'section',
    { 'aria-labelledby': 'tour-title' },
    el('div', { 'aria-live': 'polite' }, count, title, text),
    el('div', { class: 'actions' }, skip, next),
  )
  const element = el('div', { class: 'tour', hidden: true }, card)
  let at = 0
  let shown: Element | null = null
  let goBack: HTMLElement | null = null

  function show(step: number): void {
    const now = steps[step]
    if (now === undefined) {
      end()
      return
    }
    at = step
    element.hidden = false
    count.textContent = `${step + 1} of ${steps.length}`
    title.textContent = now.title
    text.textContent = now.text
    const isLast = step === steps.length - 1
    next.textContent = isLast ? 'Done' : 'Next'
    skip.hidden = isLast
    point()
  }

  /** What it is about may come later, or be another one. */
  function point(): void {
    const found = element.hidden ? null : document.querySelector(steps[at]?.about ?? '')
    if (found === shown) return
    shown?.classList.remove('toured')
    found?.classList.add('toured')
    shown = found
  }

  function end(): void {
    const hadFocus = element.contains(document.activeElement)
    element.hidden = true
    point()
    keepSeen()
    if (hadFocus) (goBack ?? document.querySelector<HTMLElement>('.control .big'))?.focus()
    goBack = null
    ended()
  }

  element.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') end()
  })

  if (!wasSeen()) show(0)
  return {
    element,
    isOpen: (): boolean => !element.hidden,
    /** Once more, for whoever asked for it; the focus comes back there. */
    start(from: HTMLElement): void {
      goBack = from
      show(0)
      title.focus()
    },
    end,
    /** What is on the page changed; with a turn there is something to see. */
    changed(hasTurns: boolean): void {
      if (element.hidden) return
      if (hasTurns && goBack === null && at === 0) {
        keepSeen()
        show(1)
      }
      point()
    },
  }
}

function wasSeen(): boolean {
  try {
    return localStorage.getItem(KEY) !== null
  } catch {
    // A browser that keeps nothing would show it at every visit.
    return true
  }
}

function keepSeen(): void {
  try {
    localStorage.setItem(KEY, 'seen')
  } catch {
    // Private windows may refuse.
  }
}
