/** A place of the page. It is made once; `show` and `hide` say when somebody sees it. */
export type View = {
  readonly element: HTMLElement
  show(): void
  hide(): void
}
