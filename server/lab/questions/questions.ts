import type { Check, Question } from '../input.ts'

const anyOf = (...phrases: string[]): Check => ({ kind: 'anyOf', phrases })
/** `besides` are the numbers that the question names. */
const number = (value: number, ...besides: number[]): Check => ({
  kind: 'number',
  value,
  besides: [1, ...besides],
})

/**
 * The questions of a comparison, the way people ask aloud; those with a check are right or wrong by machine. They
 * are of mixed difficulty, so that a reference gets some of them wrong: a set that a model always or never answers
 * cannot tell its quantization levels apart. SmolLM2-135M-Instruct fp16 gets 19 of the 32 right.
 */
export const questions: readonly Question[] = [
  ask('capital-australia', 'What is the capital of Australia?', anyOf('Canberra')),
  ask('capital-canada', 'Which city is the capital of Canada?', anyOf('Ottawa')),
  ask('days-week', 'How many days are there in a week?', number(7)),
  ask('days-leap-year', 'How many days are in a leap year?', number(366)),
  ask('months-year', 'How many months are in a year?', number(12)),
  ask('legs-spider', 'How many legs does a spider have?', number(8)),
  ask('planets', 'How many planets are in our solar system?', number(8)),
  ask('continents', 'How many continents are there on Earth?', number(7)),
  ask('seven-plus-five', 'What is seven plus five?', number(12, 7, 5)),
  ask('six-times-eight', 'What is six times eight?', number(48, 6, 8)),
  ask('nine-from-twenty', 'What do you get when you take nine from twenty?', number(11, 9, 20)),
  ask('half-of-fifty', 'What is half of fifty?', number(25, 50)),
  ask('apples', 'I have three apples and buy four more. How many apples do I have?', number(7, 3, 4)),
  ask('wake-up', 'I go to bed at ten and sleep for eight hours. When do I wake up?', number(6, 10, 8)),
  ask('opposite-hot', 'What is the opposite of hot?', anyOf('cold')),
  ask('plural-mouse', 'What is the plural of mouse?', anyOf('mice')),
  ask('past-tense-go', 'What is the past tense of the word go?', anyOf('went')),
  ask('good-morning-french', 'How do you say good morning in French?', anyOf('bonjour')),
  ask('thanks-spanish', 'How do you say thank you in Spanish?', anyOf('gracias')),
  ask('freezing', 'What does water become when it freezes?', anyOf('ice')),
  ask('largest-planet', 'What is the largest planet in our solar system?', anyOf('Jupiter')),
  ask('tallest-mountain', 'What is the tallest mountain in the world?', anyOf('Everest')),
  ask('language-brazil', 'What language do people speak in Brazil?', anyOf('Portuguese')),
  ask('romeo-and-juliet', 'Who wrote Romeo and Juliet?', anyOf('Shakespeare')),
  ask('first-on-moon', 'Who was the first person to walk on the moon?', anyOf('Armstrong')),
  ask('first-president', 'Who was the first president of the United States?', anyOf('Washington')),
  ask('kangaroos', 'On which continent do kangaroos live?', anyOf('Australia')),
  ask('gold', 'What is the chemical symbol for gold?', anyOf('Au')),
  ask('water', 'What is water made of?', { kind: 'allOf', phrases: ['hydrogen', 'oxygen'] }),
  ask('after-monday', 'Which day comes after Monday?', anyOf('Tuesday')),
  ask('after-winter', 'Which season comes after winter?', anyOf('spring')),
  ask('blue-and-yellow', 'Which color do you get when you mix blue and yellow paint?', anyOf('green')),
  ask('dinner', 'What can I cook tonight with eggs, rice and tomatoes?'),
  ask('blue-sky', 'Can you explain in simple words why the sky is blue?'),
  ask('story', 'Tell me a short story about a cat who is afraid of the dark.'),
  ask('sleep', "I can't fall asleep. What should I do?"),
  ask('boat', 'Suggest a name for my new boat, and tell me why it fits.'),
  ask('lake-or-pond', "What's the difference between a lake and a pond?"),
  ask('guitar', 'Give me a tip for learning to play the guitar.'),
  ask('invitation', 'How do I politely say no to an invitation?'),
]

function ask(id: string, text: string, check: Check | null = null): Question {
  return { id, text, check }
}
