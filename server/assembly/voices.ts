import { createFlite, fliteModule } from '../engines/flite/flite.ts'
import { createHibari } from '../engines/hibari/hibari.ts'
import { createKokoro } from '../engines/kokoro/kokoro.ts'
import { createPiper } from '../engines/piper/piper.ts'
import type { OwnVoices } from '../lab/index.ts'
import type { Log } from '../log.ts'
import { voicePackage } from '../setup/voice/voice.ts'
import type { VoiceModel } from '../voice/voice.ts'
import { createVoices, type SpeakerName, speakerOf } from '../voice/voices.ts'

/** What speaks here, each engine in a process of its own once it is asked. */
export type OwnSpeakers = ReturnType<typeof createSpeakers>

/**
 * @param filesOf gets what an engine speaks with
 * @param onRestart is told when a crashed process is replaced
 */
export function createSpeakers(
  filesOf: (engine: SpeakerName) => Promise<string[]>,
  onRestart: (engine: SpeakerName) => void,
  log: Log,
) {
  const depsOf = (engine: SpeakerName) => ({ log, onRestart: () => onRestart(engine) })
  return {
    flite: createFlite(depsOf('flite')),
    hibari: createHibari(() => filesOf('hibari'), depsOf('hibari')),
    kokoro: createKokoro(() => filesOf('kokoro'), depsOf('kokoro')),
    piper: createPiper(() => filesOf('piper'), depsOf('piper')),
  }
}

export const voicesOf = ({ flite, hibari, kokoro, piper }: OwnSpeakers, synthesisUrl: string | null) =>
  createVoices(
    { flite: flite.speak, hibari: hibari.speak, kokoro: kokoro.speak, piper: piper.speak },
    synthesisUrl,
  )

const unknown: VoiceModel = { digest: null, sizeBytes: null, quantization: null, parameterSize: null }

/** What a voice is made of, by its name; of one that is not ours nothing is known. */
export function voiceModel(name: string): VoiceModel {
  const speaker = speakerOf(name)
  if (speaker === null) return unknown
  if (speaker === 'flite') return { ...unknown, digest: fliteModule.sha256, sizeBytes: fliteModule.sizeBytes }
  const { files, quantization, parameterSize } = voicePackage(speaker)
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0)
  return { digest: files[0]?.sha256 ?? null, sizeBytes, quantization, parameterSize }
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
