import { describe, expect, test } from 'vitest'
import { judgeWords, type Words } from '../../../../server/session/interruption/judgeWords.ts'

const reply = 'Paris is the capital of France, and no city there has more people. '
const question = 'It rains in Rome. Shall I look up tomorrow, too?'
/** As recognizers write what they hear. */
const table: Record<Exclude<Words, 'far' | 'unclear'>, string[]> = {
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
      'Uh-hu',
      'Mm-h',
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
      'LAUGHTER',
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

const clearly = (text: string | null) => (text === null ? null : { text, firstText: null, isUnclear: false })
const judged = (text: string, spoken = reply, hearsItself = false) =>
  judgeWords({ said: clearly(text), spoken, hearsItself, ownShare: null, isFar: false })

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

  test('whose sound is the reply is an echo, whatever was understood, but for a stop word that may be heard through it', () => {
    const heard = (text: string | null, ownShare: number | null) =>
      judgeWords({ said: clearly(text), spoken: reply, hearsItself: true, ownShare, isFar: false })
    for (const text of ['And the dead have', 'Okay, bye.', 'Rome?', null])
      expect(heard(text, 0.5)).toBe('echo')
    expect(heard('Rome?', 0.35)).toBe('echo')
    expect(heard('And the dead have', 0.3)).toBe('words')
    expect(heard(null, 0.3)).toBeNull()
    expect(heard('Stop.', 0.5)).toBe('command')
    expect(heard('Stop.', 0.9)).toBe('echo')
    expect(heard('', 0.9)).toBe('aside')
    const first = { said: clearly('Rome?'), spoken: reply, hearsItself: false, isFar: false }
    expect([0.4, 0.5].map(ownShare => judgeWords({ ...first, ownShare }))).toEqual(['word', 'echo'])
  })

  test('a stop word among those of an echo is meant where somebody else is heard', () => {
    const heard = (spoken: string, ownShare: number | null) =>
      judgeWords({
        said: clearly('the capital of France stop and'),
        spoken,
        hearsItself: true,
        ownShare,
        isFar: false,
      })
    expect(heard(reply, null)).toBe('echo')
    expect(heard(reply, 0.5)).toBe('echo')
    expect(heard(reply, 0.1)).toBe('stop')
    expect(heard('It is the capital of France, stop, and more', 0.1)).toBe('echo')
  })

  test('what is understood before a stop word over an echo was not said', () => {
    const heard = (text: string, hearsItself = true) =>
      judgeWords({
        said: clearly(text),
        spoken: 'It is a tale of perseverance in the world of technology.',
        hearsItself,
        ownShare: 0.1,
        isFar: false,
      })
    const echo = "It's the tale of persons and clients, in the word of two."
    for (const said of ['Wait a minute.', 'Stop, stop talking.', 'Please hold on.']) {
      expect(heard(`${echo} ${said}`), said).toBe('command')
      expect(heard(`${echo} ${said}`, false), said).toBe('stop')
    }
    expect(heard(`${echo} No, what about Rome?`)).toBe('stop')
    expect(heard(`${echo} Stop, and tell me of Rome.`)).toBe('stop')
  })

  test('a voice that is far away ends the reply by a stop word alone', () => {
    const heard = (text: string | null) =>
      judgeWords({ said: clearly(text), spoken: reply, hearsItself: false, ownShare: 0.1, isFar: true })
    for (const text of ['What about Rome?', 'Rome?', 'Mm-hm.', '', null]) expect(heard(text)).toBe('far')
    expect([heard('Stop.'), heard('No, I meant Rome')]).toEqual(['command', 'stop'])
    expect(heard('Paris is the capital of France')).toBe('echo')
  })

  test('words that may be none are unclear, unless they stop the reply or are none that could', () => {
    const heard = (text: string, firstText: string | null = null) =>
      judgeWords({
        said: { text, firstText, isUnclear: true },
        spoken: reply,
        hearsItself: false,
        ownShare: 0.1,
        isFar: false,
      })
    expect(['Loki.', 'Ever', 'Go to Lee.', 'I thought'].map(text => heard(text))).toEqual(
      Array(4).fill('unclear'),
    )
    expect(['Stop.', 'No, no.', 'Go hold on.'].map(text => heard(text))).toEqual(['command', 'stop', 'stop'])
    expect(['Mm-hm.', '', 'the capital of France'].map(text => heard(text))).toEqual([
      'aside',
      'aside',
      'echo',
    ])
    // One of two models may be right.
    expect(heard('And then.', 'Mm-hmm.')).toBe('aside')
    expect(heard('Oh, really?', 'Ordilly,')).toBe('aside')
    expect([heard('Hold on.', 'Hill done.'), heard('Start.', 'Stop.')]).toEqual(['command', 'command'])
    expect(heard('Loki.', 'Go, tea')).toBe('unclear')
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
