declare module '*.css'

declare module '*?worker&url' {
  /** Address of the module, built as a file of its own. */
  const url: string
  export default url
}
