import { el } from '../dom.ts'
import { icon } from '../icons.ts'

/** A question that is typed. */
export function createTypedInput(submit: (text: string) => void): HTMLFormElement {
  const input = el('input', {
    type: 'text',
    name: 'question',
    'aria-label': 'Type a question',
    placeholder: 'Or type a question',
    autocomplete: 'off',
    maxlength: 4000,
    enterkeyhint: 'send',
    dir: 'auto',
  })
  const send = el('button', { type: 'submit', 'aria-label': 'Send' }, icon('send'))
  return el(
    'form',
    {
      class: 'typed',
      onsubmit: (event: SubmitEvent) => {
        event.preventDefault()
        const text = input.value.trim()
        if (text === '') return
        input.value = ''
        submit(text)
      },
    },
    input,
    send,
  )
}
