import { el } from '../dom.ts'

/** What there is to read before the first question. */
export const createWelcome = () =>
  el(
    'div',
    { class: 'welcome' },
    el('h2', 'Talk to a model on this machine'),
    el(
      'p',
      'You talk, it answers, and under each answer you see where the time went. Switch the quantization and see what it costs.',
    ),
  )
