import { el } from '../../dom.ts'

/** A control with its label. */
export function row(id: string, label: string, control: HTMLElement): HTMLElement {
  return el('div', { class: 'row' }, el('label', { for: id }, label), control)
}

/** A range with what it says beside it. */
export function slider(id: string, min: number, max: number, step: number, change: (value: number) => void) {
  let text = (value: number) => String(value)
  const output = el('output', { for: id })
  const input = el('input', {
    ...{ id, type: 'range', min, max, step },
    oninput: () => {
      say()
    },
    onchange: () => change(Number(input.value)),
  })
  const say = () => {
    output.textContent = text(Number(input.value))
    input.setAttribute('aria-valuetext', output.textContent)
  }
  return {
    element: el('span', { class: 'slider' }, input, output),
    show(value: number, asText: (value: number) => string) {
      text = asText
      input.value = String(value)
      say()
    },
  }
}
