/** Spoken where a reply holds nothing that can be: silence would sound like a fault. Never in the history. */
export const NOTHING_TO_SAY = 'I have no answer to that.'
