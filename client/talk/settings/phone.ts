import type { ServerInfo } from '../../../server/protocol/info.ts'
import type { Api } from '../../api.ts'
import { el } from '../../dom.ts'
import { inWords } from '../../trouble.ts'

const LOCAL = /^(localhost|127(\.\d+){3}|\[::1\]|.+\.localhost)$/
const SVG = 'http://www.w3.org/2000/svg'

/** Where a phone opens this page: where it was opened here, unless only this machine can; null where no other address is known. */
export function addressForPhones(here: URL, publicUrl: string, token: string | null): string | null {
  const base = LOCAL.test(here.hostname) ? new URL(publicUrl) : here
  if (LOCAL.test(base.hostname) || base.protocol !== 'https:') return null
  return `${base.origin}${base.pathname.replace(/\/*$/, '/')}${token === null ? '' : `#token=${token}`}`
}

/** The address of this page as a picture for a phone's camera, with its token. */
export function createPhoneDialog(api: Api, token: () => string | null) {
  const shown = el('div', { class: 'qr' })
  const element = el(
    'dialog',
    { class: 'phone', 'aria-labelledby': 'phone-title' },
    el(
      'form',
      { method: 'dialog' },
      el('h2', { id: 'phone-title' }, 'A phone as the microphone'),
      shown,
      el('div', { class: 'actions' }, el('button', { class: 'primary', value: 'done' }, 'Done')),
    ),
  )

  async function content(): Promise<HTMLElement[]> {
    const { publicUrl } = await api.get<ServerInfo>('/v1/info')
    const address = addressForPhones(new URL(document.baseURI), publicUrl, token())
    if (address === null) {
      return [
        el('p', 'Other devices cannot talk to this server yet. Stop it, and start it with'),
        el('pre', { class: 'scroll', tabindex: 0 }, 'npx quantvox serve --lan'),
        el('p', 'It then has an address, a token and a certificate for the devices of your network.'),
      ]
    }
    const { encode } = await import('uqr')
    const { data } = encode(address, { border: 3 })
    return [
      picture(data),
      el('p', 'Point the camera of a phone on this network at it. It opens this page, with the token.'),
      el('p', 'A certificate that nobody vouches for is warned of once: go on past that.'),
    ]
  }

  return {
    element,
    open(): void {
      shown.replaceChildren()
      element.showModal()
      content().then(
        parts => shown.replaceChildren(...parts),
        error => shown.replaceChildren(el('p', { role: 'alert' }, inWords(error))),
      )
    },
  }
}

function picture(rows: boolean[][]): HTMLElement {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', `0 0 ${rows.length} ${rows.length}`)
  const path = document.createElementNS(SVG, 'path')
  const squares = rows.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])))
  path.setAttribute('d', squares.join(''))
  svg.append(path)
  const element = el('div', { class: 'code', role: 'img', 'aria-label': 'QR code of the address' })
  element.append(svg)
  return element
}
