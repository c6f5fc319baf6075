import { serveSpeech } from '../speaking/speakerChild.ts'
import { usableCores } from '../usableCores.ts'
import { loadKokoro, SAMPLE_RATE } from './voice.ts'

/** More do not speak faster: most of its operations are small. */
const MAX_THREADS = 8

const [, , reading = '', network = '', voices = ''] = process.argv
const { speak } = await loadKokoro(reading, network, voices, Math.min(usableCores(), MAX_THREADS))
// The first run prepares what it meets: no turn should pay for that.
for await (const _ of speak('Yes.', 'af_heart'));
serveSpeech({ speak, sampleRate: SAMPLE_RATE })
