import { type Api, ApiError } from '../api.ts'
import { el } from '../dom.ts'

export type TokenDialogOptions = {
  api: Api
  set(token: string): void
  /** The server takes the token. */
  accepted(): void
}

/** Asks for the token of a server that has one; closes when the server takes it. */
export function createTokenDialog({ api, set, accepted }: TokenDialogOptions) {
  const problem = el('p', { class: 'problem', role: 'alert' })
  const input = el('input', {
    id: 'token',
    type: 'password',
    autocomplete: 'current-password',
    required: true,
    'aria-describedby': 'token-why',
  })
  const element = el(
    'dialog',
    { class: 'token', 'aria-labelledby': 'token-title', oncancel: (event: Event) => event.preventDefault() },
    el(
      'form',
      { onsubmit: (event: SubmitEvent) => void submit(event) },
      el('h2', { id: 'token-title' }, 'This server asks for a token'),
      el(
        'p',
        { id: 'token-why' },
        'It is the AUTH_TOKEN of the server, and part of the address that it prints when it starts.',
      ),
      el('label', { for: 'token' }, 'Token'),
      input,
      problem,
      el('div', { class: 'actions' }, el('button', { class: 'primary', type: 'submit' }, 'Continue')),
    ),
  )

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    problem.textContent = ''
    set(input.value)
    try {
      await api.get('/v1/info')
      element.close()
      input.value = ''
      accepted()
    } catch (error) {
      // A refused token opens this again, with the reason.
      if (!(error instanceof ApiError) || error.code !== 'unauthorized')
        problem.textContent = error instanceof Error ? error.message : String(error)
    }
  }

  return {
    element,
    /** `refused`: there was one, and it was wrong. */
    ask(refused: boolean): void {
      if (refused) problem.textContent = 'That token is wrong.'
      if (!element.open) element.showModal()
      if (refused) input.select()
    },
  }
}
