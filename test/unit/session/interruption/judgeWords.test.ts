import { describe, expect, test } from 'vitest'
import { judgeWords, type Words } from '../../../../server/session/interruption/judgeWords.ts'

const reply = 'Paris is the capital of France, and no city there has more people. '
const question = 'It rains in Rome. Shall I look up tomorrow, too?'
/** As recognizers write what they hear. */
const table: Record<Words, string[]> = {
  command: [
    ...['Stop.', 'stop', 'Stop!', 'Stop it.', 'Stop, please.', 'Okay, stop.', 'Wait.', 'Wait a second.'],
    ...['Hold on.', 'Hold on a minute', 'Hang on.', 'Quiet.', 'Be quiet, please.', 'Cancel.', 'Shut up.'],
    ...["That's enough.", 'Enough', 'Never mind.', 'Just a second.', 'Stop. Stop. Stop!', 'No, stop.'],
  ],
  stop: [
    ...[
      'No.',
      'No, no.',
      'Nope',
      'Oh no',
      'Stop, what about Rome?',
      'Wait, that is wrong.',
      'no I meant Rome',
    ],
    ...['Yeah, but wait', 'Hold on, who said that?'],
  ],
  words: [
    ...['What about Rome?', 'And in Berlin?', 'Thank him.', 'Yeah, but what about Rome?', 'Tell me more.'],
    ...['Mm-hm, and who lives there?', 'Was there a war?', 'Und in Wien?', 'Turn it down'],
  ],
  word: ['Rome?', 'Why?', 'Louder.', 'Up.', 'Okay, Rome.', 'Bonjour', 'Thank you.'],
  aside: [
    ...[
      '',
      '.',
      '…',
      'Mm-hm.',
      'mm-hmm',
      'Mhm.',
      'Mm.',
      'Hmm.',
      'Hm',
      'Uh-huh.',
      'Uhhuh',
      'Uh huh.',
      'Yeah.',
    ],
    ...[
      'Yeah, yeah.',
      'Right.',
      'Okay.',
      'OK, OK.',
      'I see.',
      'Oh, I see.',
      'Oh wow.',
      'Got it.',
      'Aha.',
      'Sure.',
    ],
    ...['Yes.', 'All right.', 'Of course.', 'Really?', 'Ooh!', 'Um', 'You', 'Exactly, right.', 'Oh my God.'],
    ...[
      'Ha ha ha.',
      'Haha',
      'Hahaha!',
      'Hehe',
      'Heh.',
      '(laughing)',
      '[LAUGHTER]',
      '*coughs*',
      '(speaking in foreign language)',
    ],
    // One word that the reply has just said.
    ...['Capital', 'France.', 'Paris'],
  ],
  echo: [
    ...[
      'Paris is the capital of France',
      'the capital of France and no city',
      'is the capital',
      'no city there has more',
    ],
    // As it is heard from a loudspeaker.
    ...[
      'Parris is the capitol of Frans',
      'the capital of friends and no',
      'Harris is the capital of France',
      'has more people',
      'of France.',
    ],
  ],
}

const judged = (text: string, spoken = reply, hearsItself = false) =>
  judgeWords({ text, spoken, hearsItself })

describe('what is said over a reply is judged by its words', () => {
  test.each(Object.entries(table).flatMap(([words, texts]) => texts.map(text => [text, words])))(
    '"%s" is %s',
    (text, words) => {
      expect(judged(text)).toBe(words)
    },
  )

  test('an answer to a question is no listening word', () => {
    expect(['Yes.', 'Yeah, sure.', 'Okay.'].map(text => judged(text, question))).toEqual([
      'word',
      'words',
      'word',
    ])
    expect(['Mm-hm.', 'I see.', 'Ha ha'].map(text => judged(text, question))).toEqual([
      'aside',
      'aside',
      'aside',
    ])
  })

  test('a stop word ends the reply though the reply has just said it, unless the microphone hears the reply', () => {
    const spoken = 'Then stop and wait for the bus.'
    expect(judged('Stop.', spoken)).toBe('command')
    expect(judged('Stop.', spoken, true)).toBe('aside')
    expect(judged('Then stop and wait', spoken)).toBe('echo')
    expect(judged('Stop.', reply, true)).toBe('command')
    expect(judged('Hold on.', 'You can hold on to it.')).toBe('command')
  })

  test('what is not spoken is no echo', () => {
    expect(judged('Paris is the capital of France', '')).toBe('words')
    expect(judged('Is the weather in Paris better than here', reply)).toBe('words')
  })

  test('a long echo is judged within a frame of audio', () => {
    const spoken = reply.repeat(15)
    const since = performance.now()
    expect(judged(spoken.slice(0, 900), spoken)).toBe('echo')
    expect(performance.now() - since).toBeLessThan(200)
  })
})
