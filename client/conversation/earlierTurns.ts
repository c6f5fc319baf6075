import { counted } from '../../server/shared/figures.ts'
import { el } from '../dom.ts'

/** What came before the turns that are shown: how many they are, and what brings so many of them. */
export type Earlier = { count: number; atOnce: number; load(): Promise<void> }

export type EarlierTurnsOptions = {
  failed(error: unknown): void
  /** It was pressed, and is no longer there. */
  done(): void
}

/** Above a conversation that is longer than what is shown of it. */
export function createEarlierTurns({ failed, done }: EarlierTurnsOptions) {
  let offered: Earlier | null = null
  let isLoading = false
  const element = el('button', {
    ...{ class: 'earlier', type: 'button', hidden: true },
    onclick: () => void load(),
  })

  async function load(): Promise<void> {
    if (offered === null || isLoading) return
    isLoading = true
    const hasFocus = document.activeElement === element
    try {
      await offered.load()
      if (element.hidden && hasFocus) done()
    } catch (error) {
      failed(error)
    } finally {
      isLoading = false
    }
  }

  return {
    element,
    /** Null where all are shown. */
    offer(next: Earlier | null): void {
      offered = next
      element.hidden = next === null
      if (next === null) return
      const { count, atOnce } = next
      element.textContent = `Show ${count > atOnce ? `${atOnce} of ` : ''}${counted(count, 'earlier turn')}`
    },
    offered: (): Earlier | null => offered,
  }
}
