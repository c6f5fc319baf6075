/** What wakes a session where nothing else is set; openWakeWord's own threshold. */
export const WAKE_WORD = 'hey-jarvis'
export const WAKE_THRESHOLD = 0.5
