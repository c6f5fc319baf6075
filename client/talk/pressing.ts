/** How the big control works now: a tap does something, or talking lasts from press to release. */
export type PressMode = 'tap' | 'hold' | 'toggle'

export type PressingOptions = {
  button: HTMLButtonElement
  mode(): PressMode
  /** Space talks wherever it means nothing else. */
  spaceTalks(): boolean
  tap(): void
  press(): void
  release(): void
}

/** Pointer and keys on the big control, and Space anywhere on the page. `letGo` is a release, `forget` one that nobody is told of. */
export function createPressing(options: PressingOptions): { letGo(): void; forget(): void } {
  const { button } = options
  let down = false

  function press(): void {
    if (down) return
    down = true
    options.press()
  }

  function release(): void {
    if (!down) return
    down = false
    options.release()
  }

  function toggle(): void {
    if (down) release()
    else press()
  }

  button.addEventListener('pointerdown', event => {
    if (options.mode() !== 'hold' || event.button !== 0) return
    button.setPointerCapture(event.pointerId)
    press()
  })
  for (const name of ['pointerup', 'pointercancel'] as const) {
    button.addEventListener(name, () => {
      if (options.mode() === 'hold') release()
    })
  }
  button.addEventListener('click', event => {
    const mode = options.mode()
    if (mode === 'tap') options.tap()
    // Without a pointer it comes from a screen reader or a switch, which cannot hold.
    else if (mode === 'toggle' || event.detail === 0) toggle()
  })
  button.addEventListener('contextmenu', event => {
    if (options.mode() === 'hold') event.preventDefault()
  })

  document.addEventListener('keydown', event => {
    if (!isTalkKey(event)) return
    event.preventDefault()
    if (event.repeat) return
    if (options.mode() === 'hold') press()
    else toggle()
  })
  document.addEventListener('keyup', event => {
    if (!isTalkKey(event)) return
    event.preventDefault()
    if (options.mode() === 'hold') release()
  })
  // The key or finger comes up where this page does not see it.
  addEventListener('blur', release)
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) release()
  })

  function isTalkKey({ code, target, ctrlKey, altKey, metaKey }: KeyboardEvent): boolean {
    if (options.mode() === 'tap' || ctrlKey || altKey || metaKey) return false
    if (target === button) return code === 'Space' || code === 'Enter'
    if (code !== 'Space' || !options.spaceTalks()) return false
    return !(
      target instanceof Element && target.closest('input, textarea, select, button, a, summary, dialog')
    )
  }

  return {
    letGo: release,
    forget() {
      down = false
    },
  }
}
