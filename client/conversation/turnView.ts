import { el } from '../dom.ts'
import { icon } from '../icons.ts'
import type { ShownTurn } from './conversation.ts'
import { hasMarkdown } from './hasMarkdown.ts'
import type { SharedAxis } from './sharedAxis.ts'
import { createTurnTiming } from './turnTiming.ts'

export type TurnView = {
  readonly element: HTMLElement
  update(turn: ShownTurn): void
  /** Time went on. */
  tick(turn: ShownTurn): void
  /** It is taken from the page. */
  removed(): void
  /** It is there again. */
  shownAgain(): void
}

export type TurnViewOptions = {
  axis: SharedAxis
  /** Replies are spoken. */
  speaks(): boolean
  /** What an answered turn took beside one at another level; empty where there is none. */
  difference(turn: ShownTurn): string
  replay(turnId: string): void
  copy(text: string): void
  again(question: string): void
}

/** One turn: what was said, what was answered and how far it was spoken, how it ended, and where its time went. */
export function createTurnView({ axis, speaks, difference, replay, copy, again }: TurnViewOptions): TurnView {
  const question = el('p', { class: 'question', dir: 'auto' })
  const reply = el('div', { class: 'reply', dir: 'auto' })
  const note = el('p', { class: 'note' })
  const actions = el('div', { class: 'actions' })
  const compared = el('p', { class: 'difference', hidden: true })
  const timing = createTurnTiming()
  const element = el(
    'article',
    { class: 'turn' },
    ...[question, timing.front, reply, note, compared, actions, timing.rows],
  )
  let finished = false
  let rich: Node[] | null = null

  function finish(turn: ShownTurn): void {
    finished = true
    const { turnId, record } = turn
    if (turn.reply !== '') actions.append(action('copy', 'Copy', 'Copy the answer', () => copy(turn.reply)))
    const { question: asked } = turn
    if (turn.outcome === 'lost' && asked !== '')
      actions.append(action('again', 'Ask again', 'Ask this question again', () => again(asked)))
    if (turn.audible && turnId !== null)
      actions.prepend(action('play', 'Replay', 'Replay the answer', () => replay(turnId)))
    timing.done(turn.reply === '' ? null : record)
    axis.draw(timing)
    compared.textContent = difference(turn)
    compared.hidden = compared.textContent === ''
  }

  /** In its shape; where what does that cannot be fetched, it stays as it was written. */
  async function enrich(turn: ShownTurn): Promise<void> {
    const plain = replyParts(turn)
    rich = plain
    const markdown = await import('./markdown.ts').catch(() => null)
    if (markdown === null || rich !== plain) return
    const { renderMarkdown } = markdown
    rich = [speaker(), ...renderMarkdown(turn.reply, copy).childNodes]
    reply.classList.add('rich')
    reply.replaceChildren(...rich)
  }

  /** The question went on, and gets another answer. */
  function forgetReply(): void {
    rich = null
    reply.classList.remove('rich')
  }

  function tick(turn: ShownTurn): void {
    if (finished) return
    timing.live(turn.waits, performance.now(), speaks())
    axis.draw(timing)
  }

  return {
    element,
    update(turn) {
      question.hidden = turn.announced
      question.replaceChildren(...questionParts(turn))
      if (!turn.replyDone) forgetReply()
      reply.hidden = turn.reply === ''
      reply.replaceChildren(...(rich ?? replyParts(turn)))
      if (isWhole(turn) && rich === null && hasMarkdown(turn.reply)) void enrich(turn)
      element.dataset.outcome = turn.outcome ?? 'open'
      note.textContent = noteOf(turn)
      note.hidden = note.textContent === ''
      if (turn.outcome !== null && !finished) finish(turn)
      else tick(turn)
    },
    tick,
    removed: () => axis.remove(timing),
    shownAgain: () => axis.draw(timing),
  }
}

function action(
  picture: 'play' | 'copy' | 'again',
  word: string,
  name: string,
  act: () => void,
): HTMLElement {
  return el(
    'button',
    { class: 'quiet', type: 'button', 'aria-label': name, onclick: act },
    icon(picture),
    word,
  )
}

/** What will not change, then what may. */
function questionParts({ question, stableLength, typed }: ShownTurn): Node[] {
  const speaker = el('span', { class: 'unseen', dir: 'ltr' }, typed ? 'You typed: ' : 'You said: ')
  if (question === '') return [speaker, el('span', { class: 'unstable' }, '…')]
  if (stableLength === null) return [speaker, new Text(question)]
  return [
    speaker,
    new Text(question.slice(0, stableLength)),
    el('span', { class: 'unstable' }, question.slice(stableLength)),
  ]
}

/** With a direction of its own it does not decide that of the answer. */
const speaker = () => el('span', { class: 'unseen', dir: 'ltr' }, 'The answer: ')

/** Nothing of it is marked any more as spoken or not. */
const isWhole = ({ replyDone, outcome, spokenLength }: ShownTurn) =>
  replyDone && (outcome === 'completed' || (outcome === null && spokenLength === null))

/** What was spoken, then what was not; a text that nobody speaks has no such parts. */
function replyParts({ reply, spokenLength, outcome }: ShownTurn): Node[] {
  if (spokenLength === null || (outcome === 'completed' && spokenLength >= reply.trimEnd().length))
    return [speaker(), new Text(reply)]
  const spoken = el('span', { class: 'spoken' }, reply.slice(0, spokenLength))
  const rest = el('span', { class: 'unspoken' }, reply.slice(spokenLength))
  return [speaker(), spoken, rest]
}

function noteOf({
  outcome,
  error,
  hint,
  reply,
  spokenLength,
  question,
  tool,
  thinkingMs,
}: ShownTurn): string {
  if (error !== null) return [error.message, error.meaning, error.mend].filter(Boolean).join(' ')
  if (hint !== null) return `${hint.message} ${hint.mend}`
  if (outcome === null && tool !== null) return `Using the tool ${tool}.`
  if (outcome === null && reply === '' && thinkingMs !== null)
    return `Thinking for ${Math.round(thinkingMs / 1000)} s.`
  switch (outcome) {
    case 'interrupted':
      if (reply === '') return 'Stopped before an answer.'
      return spokenLength === null ? 'Stopped.' : 'Stopped here; the rest was not heard.'
    case 'lost':
      return 'The connection broke off in this turn.'
    case 'failed':
      return 'This turn failed.'
    case 'no-speech':
      return question === '' ? '' : 'Nothing was understood.'
    default:
      return ''
  }
}
