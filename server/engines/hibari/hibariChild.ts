import { serveSpeech } from '../speaking/speakerChild.ts'
import { loadHibari } from './voice.ts'
import { SAMPLE_RATE } from './wave.ts'

const { speak } = await loadHibari(process.argv[2] ?? '')
// The first runs compile what they meet: no turn should pay for that.
for (let run = 0; run < 3; run++) for await (const _ of speak('It is ready, 2 of 3.'));
serveSpeech({ speak, sampleRate: SAMPLE_RATE })
