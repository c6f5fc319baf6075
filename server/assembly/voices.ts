import { createFlite, fliteModule } from '../engines/flite/flite.ts'
import { createHibari } from '../engines/hibari/hibari.ts'
import type { OwnVoices } from '../lab/index.ts'
import type { Log } from '../log.ts'
import { catalog } from '../setup/catalog.ts'
import type { VoiceModel } from '../voice/voice.ts'
import { createVoices, type Speakers, speakerOf } from '../voice/voices.ts'

type SpeakerName = keyof Speakers

/** What speaks here, each engine in a process of its own once it is asked. */
export type OwnSpeakers = ReturnType<typeof createSpeakers>

/** @param onRestart is told when a crashed process is replaced */
export function createSpeakers(
  hibariModel: () => Promise<string>,
  onRestart: (engine: SpeakerName) => void,
  log: Log,
) {
  return {
    flite: createFlite({ log, onRestart: () => onRestart('flite') }),
    hibari: createHibari(hibariModel, { log, onRestart: () => onRestart('hibari') }),
  }
}

export const voicesOf = ({ flite, hibari }: OwnSpeakers, synthesisUrl: string | null) =>
  createVoices({ flite: flite.speak, hibari: hibari.speak }, synthesisUrl)

const { wheel, ...hibari } = catalog.voice
const models: Record<SpeakerName, VoiceModel> = {
  flite: {
    digest: fliteModule.sha256,
    sizeBytes: fliteModule.sizeBytes,
    quantization: null,
    parameterSize: null,
  },
  hibari: {
    digest: wheel.sha256,
    sizeBytes: wheel.sizeBytes,
    quantization: hibari.quantization,
    parameterSize: hibari.parameterSize,
  },
}
const unknown: VoiceModel = { digest: null, sizeBytes: null, quantization: null, parameterSize: null }

/** What a voice is made of, by its name; of one that is not ours nothing is known. */
export function voiceModel(name: string): VoiceModel {
  const speaker = speakerOf(name)
  return speaker === null ? unknown : models[speaker]
}

/** Speakers that no turn uses, for a comparison. */
export function ownVoices(speakers: OwnSpeakers, synthesisUrl: string | null): OwnVoices {
  const speakerFor = (name: string) => {
    const speaker = speakerOf(name)
    return speaker === null ? null : speakers[speaker]
  }
  return {
    voice: voicesOf(speakers, synthesisUrl),
    async warm(name, signal) {
      await speakerFor(name)?.warm(signal)
    },
    pid: name => speakerFor(name)?.status().pid ?? null,
    async stop() {
      await Promise.all(Object.values(speakers).map(speaker => speaker.stop()))
    },
  }
}
