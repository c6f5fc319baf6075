import type { SpokenText } from '../input.ts'

const spoken = (id: string, text: string, said: string = text): SpokenText => ({ id, text, said })

/**
 * What voices are compared on: replies as assistants give them, half of them with what is harder to read than words. All are of
 * the 200 texts that our own voices were built and heard with (`npm run bench:voices`).
 */
export const texts: readonly SpokenText[] = [
  spoken('kettle', 'The kettle is on, and the bread will be ready soon.'),
  spoken('soup', 'You can keep the soup in the fridge for a few days.'),
  spoken('ceiling', 'I would start with the smaller room and paint the ceiling first.'),
  spoken('morning', 'That depends on how much time you have in the morning.'),
  spoken('park', 'The shortest way is through the park and over the bridge.'),
  spoken('lid', 'Water boils faster when you put a lid on the pot.'),
  spoken('cats', 'Most cats sleep for more than half of the day.'),
  spoken('party', 'If it rains, we can move the party inside.'),
  spoken('museum', 'The museum is closed on Mondays, but the garden is open.'),
  spoken('violin', 'She learned to play the violin when she was a child.'),
  spoken('knife', 'A good knife makes cooking easier and safer.'),
  spoken('moon', 'The moon moves slowly away from the earth.'),
  spoken('computer', 'You should save your work before you restart the computer.'),
  spoken('next-step', 'Let me know when you are ready for the next step.'),
  spoken('einstein', 'Albert Einstein was born in Germany and died in Princeton.'),
  spoken('shakespeare', 'William Shakespeare wrote Hamlet, Macbeth and Othello.'),
  spoken('canberra', 'The capital of Australia is Canberra, not Sydney.'),
  spoken('kilimanjaro', 'Mount Kilimanjaro is the highest mountain in Africa.'),
  spoken('thames', 'The river Thames flows through London and Oxford.'),
  spoken('barcelona', 'You can fly from Chicago to Barcelona with one stop in Madrid.'),
  spoken(
    'bones',
    'There are 206 bones in the human body.',
    'There are two hundred and six bones in the human body.',
  ),
  spoken('billion', 'About 8 billion people live on earth.', 'About eight billion people live on earth.'),
  spoken('times', '17 times 23 is 391.', 'Seventeen times twenty three is three hundred ninety one.'),
  spoken('coffee', 'A coffee costs $3.50 here.', 'A coffee costs three dollars and fifty cents here.'),
  spoken(
    'rent',
    'Rent is about $1,450 a month.',
    'Rent is about one thousand four hundred fifty dollars a month.',
  ),
  spoken('columbus', 'Columbus sailed in 1492.', 'Columbus sailed in fourteen ninety two.'),
  spoken('war', 'The war ended on May 8, 1945.'),
  spoken('shop', 'The shop opens at 9:30 a.m.'),
  spoken('film', 'The film starts at 8:15.'),
  spoken('pages', 'Read pages 12-18 for tomorrow.', 'Read pages twelve to eighteen for tomorrow.'),
  spoken('parcel', 'The parcel weighs 2.5 kg.', 'The parcel weighs two point five kilograms.'),
  spoken('dinner', 'Mr. and Mrs. Brown came to dinner.'),
]
