/** Calls `make` until it succeeds once; then its result stays. */
export function rememberWhenDone<T>(make: () => Promise<T> | T): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= Promise.resolve()
      .then(make)
      .catch(error => {
        made = undefined
        throw error
      })
    return made
  }
}
