/** Ordinary questions and orders with numbers, names and small words, some 50 words in all; read aloud they take half a minute. */
export const sentences = [
  { id: 'train', text: 'What time does the last train to Birmingham leave on Thursday?' },
  { id: 'timer', text: 'Set a timer for twelve minutes and remind me to turn off the oven.' },
  { id: 'shopping', text: 'She bought three lemons, a loaf of bread and some butter.' },
  { id: 'egg', text: 'How long should I boil an egg so that it is soft in the middle?' },
  { id: 'engineer', text: 'My younger brother works as an engineer in northern Scotland.' },
] as const
