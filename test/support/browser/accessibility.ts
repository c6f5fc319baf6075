import axe from 'axe-core'
import type { Page } from 'playwright-core'

/** What axe-core finds wrong with the page as it is now, or with parts of it: rule and element, one line each. */
export async function accessibilityFaults(tab: Page, parts: string[] = []): Promise<string[]> {
  await tab.evaluate(axe.source)
  return await tab.evaluate(async include => {
    const { run } = (globalThis as unknown as { axe: typeof axe }).axe
    const { violations } = await (include.length === 0 ? run() : run({ include }))
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`))
  }, parts)
}

/** What sticks out of the window at its sides, though the page is not to be moved sideways, or out of a dialog: elements, by tag and class. */
export function stickingOut(tab: Page): Promise<string[]> {
  return tab.evaluate(() => {
    const isWide = document.documentElement.scrollWidth > innerWidth
    const dialog = document.querySelector('dialog[open]')
    const found = [...document.querySelectorAll('body *')]
      .filter(element => element.closest('.scroll, pre, .unseen') === null && element.checkVisibility())
      .filter(element => {
        const { left, right } = element.getBoundingClientRect()
        const room = dialog?.contains(element) ? dialog.getBoundingClientRect() : null
        if (room !== null) return left < room.left - 0.5 || right > room.right + 0.5
        return left < -0.5 || (isWide && right > innerWidth + 0.5)
      })
      .map(({ tagName, className }) => `${tagName.toLowerCase()}.${className}`)
    return isWide && found.length === 0 ? ['a text'] : found
  })
}
