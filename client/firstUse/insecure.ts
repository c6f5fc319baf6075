import { el } from '../dom.ts'

/** Why the microphone cannot work at this address, and what does; null where it can. */
export function insecureBanner(): HTMLElement | null {
  if (isSecureContext) return null
  const port = location.port === '' ? '' : `:${location.port}`
  const local = `http://localhost${port}/`
  return el(
    'section',
    { class: 'banner', 'aria-label': 'Microphone' },
    el('h2', 'The microphone cannot work at this address'),
    el('p', `Browsers give it only to pages at localhost or over https, and ${location.origin} is neither.`),
    el(
      'ul',
      el('li', 'On the machine that runs Quantvox, open ', el('a', { href: local }, local)),
      el(
        'li',
        'For other devices, start it with npx quantvox serve --lan, or give it a certificate (TLS_CERT, TLS_KEY), and open it over https.',
      ),
      el('li', 'Or type: questions, answers and their timings work here as they are.'),
    ),
  )
}
