import type { EngineInfo, Readiness, RecordInfo, ServerInfo } from '../../server/protocol/info.ts'
import { type Api, addressOf } from '../api.ts'
import { el } from '../dom.ts'

const WHILE_NOT_READY_MS = 2000
const WHILE_READY_MS = 10_000
/** Whoever finds something wrong asks to look; many do at once. */
const AT_MOST_EVERY_MS = 500

/** Says which engine or model is not there yet, or that turns are not recorded, why, and what is done about it. */
export function createReadinessBanner(api: Api, becameReady: () => void) {
  const element = el('section', {
    class: 'banner readiness',
    'aria-live': 'polite',
    'aria-label': 'Readiness',
    hidden: true,
  })
  let timer: ReturnType<typeof setTimeout> | undefined
  let shown = ''
  let wasReady = true
  let lookedAtMs = Number.NEGATIVE_INFINITY
  /** Of several the last one counts. */
  let looks = 0

  async function look(): Promise<void> {
    clearTimeout(timer)
    lookedAtMs = performance.now()
    const mine = ++looks
    const state = await readiness()
    if (mine !== looks) return
    const isReady = state?.ready ?? false
    if (isReady && !wasReady) becameReady()
    wasReady = isReady
    await show(state)
    clearTimeout(timer)
    timer = setTimeout(() => void look(), isReady ? WHILE_READY_MS : WHILE_NOT_READY_MS)
  }

  async function show(state: Readiness | null): Promise<void> {
    const info = state === null ? null : await infoOf(api)
    const parts = partsOf(state, info)
    const next = parts.map(part => part.textContent).join('\n')
    // Said again, it would be read out again.
    if (next === shown) return
    shown = next
    element.hidden = parts.length === 0
    element.replaceChildren(...parts)
  }

  return {
    element,
    /** Looks now, and then again and again. */
    check(): void {
      if (performance.now() - lookedAtMs >= AT_MOST_EVERY_MS) void look()
    },
  }
}

/** Null where the server does not answer, or only that it stops. A 503 with `notReady` says what is missing. */
async function readiness(): Promise<Readiness | null> {
  try {
    const response = await fetch(addressOf('/readyz'), { headers: { accept: 'application/json' } })
    const answer: Partial<Readiness> = await response.json()
    return answer.notReady === undefined ? null : (answer as Readiness)
  } catch {
    return null
  }
}

async function infoOf(api: Api): Promise<ServerInfo | null> {
  // The banner says what it can without it.
  return await api.get<ServerInfo>('/v1/info').catch(() => null)
}

function partsOf(state: Readiness | null, info: ServerInfo | null): HTMLElement[] {
  if (state === null) return unreachable()
  if (!state.ready) return notReady(state, info?.engines ?? [])
  if (info?.record.state === 'not-recording') return notRecording(info.record)
  return []
}

function unreachable(): HTMLElement[] {
  return [
    el('h2', 'The server does not answer'),
    el('p', 'Start it with npm start. This page tries again by itself.'),
  ]
}

function notReady({ notReady: missing }: Readiness, engines: EngineInfo[]): HTMLElement[] {
  const items = missing.map(({ what, why, mend }) =>
    el(
      'li',
      el('strong', what),
      reasonAfter(what, why),
      ...(mend === undefined || why.includes(mend) ? [] : [` ${mend}`]),
    ),
  )
  const states = engines.map(
    ({ name, version, state }) => `${name}${version === null ? '' : ` ${version}`}: ${state}`,
  )
  return [
    el('h2', 'Getting ready'),
    el(
      'p',
      'The server fetches, builds and loads what is missing by itself, and tries again what failed. This can take minutes on the first start.',
    ),
    el('ul', ...items),
    ...(states.length === 0 ? [] : [el('p', { class: 'engines' }, states.join(' · '))]),
  ]
}

/** Why `what` is missing, to be read after it: it may begin with it. */
export function reasonAfter(what: string, why: string): string {
  return why.startsWith(`${what} `) ? why.slice(what.length) : ` ${why}`
}

function notRecording({ detail, unwritten }: RecordInfo): HTMLElement[] {
  return [
    el('h2', 'Turns are not recorded'),
    el('p', `${detail ?? ''} ${unwritten} wait in memory. Talking goes on.`.trim()),
  ]
}
