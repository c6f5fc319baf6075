import { serveSpeech } from '../speaking/speakerChild.ts'
import { usableCores } from '../usableCores.ts'
import { loadPiper } from './voice.ts'

/** A second takes a third off the time of a clause, more take little. */
const MAX_THREADS = 2

const [, , reading = '', network = '', config = ''] = process.argv
const voice = await loadPiper(reading, network, config, Math.min(usableCores(), MAX_THREADS))
// The first runs prepare what they meet: no turn should pay for that.
for (let run = 0; run < 2; run++) for await (const _ of voice.speak('It is ready, 2 of 3.'));
serveSpeech(voice)
