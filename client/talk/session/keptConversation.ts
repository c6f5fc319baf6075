const KEY = 'quantvox.conversation'

/** The conversation that this tab is in, through a reload; each tab has its own. */
export function keptConversation(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined
  } catch {
    return undefined
  }
}

export function keepConversation(id: string): void {
  try {
    sessionStorage.setItem(KEY, id)
  } catch {
    // Private windows may refuse; a reload then begins a new one.
  }
}
