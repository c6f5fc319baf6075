import { QuantvoxError } from '../../../errors.ts'
import { speakerOf } from '../../../voice/voices.ts'
import type { LabVoices } from '../../dependencies.ts'
import type { VoiceArm } from '../../observations.ts'

/**
 * The voices that names mean: one by its whole name, or all of an engine. The first is the reference of the others.
 * @throws QuantvoxError `model_not_found`; `engine_unavailable` for one of a speech server that is not known; `invalid_request` for
 *   one that the server does not speak with
 */
export async function voiceArms(
  names: readonly string[],
  { list, known, model }: LabVoices,
  signal: AbortSignal,
): Promise<VoiceArm[]> {
  const listed = names.length === 0 ? [] : await list(signal)
  const meant = names.flatMap(name => {
    const ofEngine = listed.filter(voice => voice.startsWith(`${name}:`))
    return ofEngine.length > 0 ? ofEngine : [name]
  })
  return [...new Set(meant)].map((name, index) => {
    if (known(name).speak === null)
      throw new QuantvoxError(
        'invalid_request',
        `The voice "${name}" is not spoken here, so it cannot be heard.`,
        {
          mend: 'Compare voices of the server: those of GET /v1/voices but browser and none.',
        },
      )
    const { digest, quantization, parameterSize } = model(name)
    const engine = speakerOf(name)
    return {
      name,
      engine,
      quantization,
      parameterSize,
      digest,
      reference: index === 0 ? null : (meant[0] ?? null),
    }
  })
}
