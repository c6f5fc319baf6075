import { el } from '../dom.ts'

/** What nginx needs for it; Caddy needs nothing. */
const NGINX = `proxy_http_version 1.1;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection "upgrade";`

/** What to set where a proxy passes no WebSockets on. */
export function createProxyBanner() {
  const element = el(
    'section',
    { class: 'banner', 'aria-label': 'Proxy', 'aria-live': 'polite', hidden: true },
    el('h2', 'A proxy does not pass WebSockets on'),
    el(
      'p',
      `The server answers at ${location.host}, but what is between this page and it refuses the WebSocket that talking needs. Typed questions go without it.`,
    ),
    el('p', 'In nginx, where it passes requests on to Quantvox, set:'),
    el('pre', { class: 'scroll', tabindex: 0 }, NGINX),
    el(
      'p',
      'Caddy needs nothing. docs/operations.md, “Behind https”, has whole files for both. This page tries again by itself.',
    ),
  )
  return {
    element,
    show(isBlocked: boolean): void {
      if (element.hidden === isBlocked) element.hidden = !isBlocked
    },
  }
}
