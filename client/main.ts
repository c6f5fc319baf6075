import { createApi } from './api.ts'
import { createComparisonsView } from './comparisons/comparisonsView.ts'
import { createNavigation } from './navigation.ts'
import { createTalkView } from './talk/talkView.ts'
import { createToken } from './token.ts'
import { createTurnsView } from './turns/turnsView.ts'

const token = createToken()
const api = createApi({ token: token.get, unauthorized: token.forget })

function part(selector: string): HTMLElement {
  const found = document.querySelector<HTMLElement>(selector)
  if (found === null) throw new Error(`index.html has no ${selector}`)
  return found
}

createNavigation(
  [
    { hash: '#/talk', name: 'Talk', view: createTalkView(api) },
    { hash: '#/turns', name: 'Turns', view: createTurnsView(api) },
    { hash: '#/comparisons', name: 'Comparisons', view: createComparisonsView(api) },
  ],
  part('nav.places'),
  part('main'),
)
