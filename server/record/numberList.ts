/** Numbers that come one by one, 8 bytes each. */
export type NumberList = { readonly length: number; push(value: number): void; values(): Float64Array }

export function createNumberList(): NumberList {
  let room = new Float64Array(16)
  let length = 0
  return {
    get length() {
      return length
    },
    push(value) {
      if (length === room.length) {
        const larger = new Float64Array(room.length * 2)
        larger.set(room)
        room = larger
      }
      room[length++] = value
    },
    /** The numbers themselves, not a copy. */
    values: () => room.subarray(0, length),
  }
}
