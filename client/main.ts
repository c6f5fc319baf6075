import { createApi } from './api.ts'
import { el } from './dom.ts'
import { insecureBanner } from './firstUse/insecure.ts'
import { createProxyBanner } from './firstUse/proxyBanner.ts'
import { createReadinessBanner } from './firstUse/readiness.ts'
import { createTokenDialog } from './firstUse/tokenDialog.ts'
import { createHelp } from './help/help.ts'
import { createNavigation } from './navigation.ts'
import { createNotices } from './notices.ts'
import { createTalkView } from './talk/talkView.ts'
import { createToken } from './token.ts'
import { lazyView } from './view.ts'

const token = createToken()
const api = createApi({
  token: token.get,
  unauthorized() {
    const refused = token.get() !== null
    token.forget()
    tokenDialog.ask(refused)
  },
  unreachable: () => readiness.check(),
})
const notices = createNotices()
const tokenDialog = createTokenDialog({ api, set: token.set, accepted: start })
const readiness = createReadinessBanner(api, reach)
const proxyBanner = createProxyBanner()
const pill = el('a', { class: 'pill', href: '#/talk' })
const talk = createTalkView({
  ...{ api, notices, token: token.get, engineFailed: readiness.check },
  ...{ connectionLost: readiness.check, webSocketsBlocked: proxyBanner.show },
  stateChanged({ name, word }) {
    pill.dataset.state = name
    pill.textContent = word
  },
})

/** Asks something that needs the token, so that a missing one is asked for before anybody talks. */
function reach(): void {
  api.get('/v1/info').then(
    () => talk.serverReached(),
    // A refusal has opened the dialog, and whatever else there is the banner says.
    () => {},
  )
}

function start(): void {
  reach()
  readiness.check()
}

function part(selector: string): HTMLElement {
  const found = document.querySelector<HTMLElement>(selector)
  if (found === null) throw new Error(`index.html has no ${selector}`)
  return found
}

part('header').append(
  pill,
  createHelp({
    failed: error => notices.failure('The help could not be fetched.', error),
    showTour(from) {
      const isThere = talk.element.isConnected
      location.hash = '#/talk'
      if (isThere) talk.showTour(from)
      else addEventListener('hashchange', () => talk.showTour(from), { once: true })
    },
  }),
)
part('header').after(
  readiness.element,
  proxyBanner.element,
  ...[insecureBanner()].filter(banner => banner !== null),
)
document.body.append(notices.element, tokenDialog.element)
// Past the navigation into the place that is shown; the address stays that of the place.
part('.skip').addEventListener('click', event => {
  event.preventDefault()
  part('main').focus()
})
createNavigation(
  [
    { hash: '#/talk', name: 'Talk', view: talk },
    {
      hash: '#/two-levels',
      name: 'A/B',
      view: lazyView(async () => (await import('./pair/pairView.ts')).createPairView(api, talk.makeWay)),
    },
    {
      hash: '#/my-voice',
      name: 'My voice',
      view: lazyView(async () =>
        (await import('./myVoice/myVoiceView.ts')).createMyVoiceView(api, talk.makeWay),
      ),
    },
    {
      hash: '#/turns',
      name: 'Turns',
      view: lazyView(async () => (await import('./turns/turnsView.ts')).createTurnsView(api)),
    },
    {
      hash: '#/comparisons',
      name: 'Comparisons',
      view: lazyView(async () =>
        (await import('./comparisons/comparisonsView.ts')).createComparisonsView(api),
      ),
    },
  ],
  part('nav.places'),
  part('main'),
)
start()
