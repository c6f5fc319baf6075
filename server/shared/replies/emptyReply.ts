/** Spoken where a reply holds nothing that can be: silence would sound like a fault. Never in the history. */
export const NOTHING_TO_SAY = 'I have no answer to that.'

/** Spoken where a reply is in letters that the voice cannot say. Never in the history. */
export const IN_OTHER_LETTERS = 'My answer is in letters that I cannot say. You can read it.'
