import { readdir, stat } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve } from 'node:path'
import Type, { type Static } from 'typebox'
import Value from 'typebox/value'
import { validate } from 'uuid'
import { durationMs } from '../../audio/pcm.ts'
import { readClip } from '../../audio/readClip.ts'
import { QuantvoxError } from '../../errors.ts'
import { parsedJson, regularText } from '../../files/readJson.ts'
import type { SpeechFound } from '../../hearing/speechSegments.ts'
import type { ComparisonAudio } from '../../protocol/comparisons.ts'
import type { Stages } from '../../session/stages.ts'
import { shuffled } from '../../shared/seeded.ts'
import type { Clip } from '../input.ts'
import { myVoiceFolder } from '../myVoice/recordings.ts'
import { allowedFolder, allowedPath } from './audioFolder.ts'
import { type MadeClip, soundsWithoutSpeech, spokenSentences } from './synthetic.ts'

/** A clip with its sound (mono, 16 kHz) and where speech is in it. */
export type LabClip = Clip & { samples: Int16Array; speech: Pick<SpeechFound, 'segments' | 'speechMs'> }

export type ClipSet = {
  /** Where they are from, for people. */
  from: string
  /** Language code that goes with every decoding; null lets multilingual models find out. */
  language: string | null
  clips: LabClip[]
}

type ClipSources = {
  stages: Pick<Stages, 'findSpeech' | 'voice'>
  dataDir: string
  /** Below which the folder of a request lies. */
  audioDirs: readonly string[]
}

const builtinFolder = resolve(import.meta.dirname, '../clips')
/** Of one clip; longer ones are no utterances. */
const MAX_CLIP_SECONDS = 120
const MAX_CLIPS = 500
/** Newest ones first: what people say now is what a level must understand. */
const MAX_SAVED_TURNS = 50

const Entry = Type.Object({
  file: Type.String({ minLength: 1 }),
  text: Type.String(),
  kind: Type.Optional(Type.Enum(['speech', 'nonspeech'])),
})
const Manifest = Type.Array(Entry, { minItems: 1, maxItems: MAX_CLIPS })
type Entry = Static<typeof Entry>

/**
 * The clips that a comparison hears, in an order that is the same every time.
 * @throws QuantvoxError `not_found` for a folder, manifest or file that is not there or may not be read, `invalid_request` for a manifest of another
 *   form, `audio_invalid` for a file that is no audio
 */
export async function readClips(
  audio: ComparisonAudio,
  { stages, dataDir, audioDirs }: ClipSources,
  signal: AbortSignal,
): Promise<ClipSet> {
  const withSpeech = (clips: (MadeClip | FileClip)[]): Promise<LabClip[]> =>
    Array.fromAsync(clips, async clip => {
      const { segments, speechMs } = await stages.findSpeech(clip.samples, signal)
      return { ...clip, audioMs: durationMs(clip.samples.length), speech: { segments, speechMs } }
    })
  if (audio === 'saved') {
    const clips = await withSpeech(await savedQuestions(join(dataDir, 'audio'), signal))
    return { from: 'turns saved by SAVE_AUDIO', language: null, clips }
  }
  if (audio === 'mine') {
    const folder = myVoiceFolder(dataDir)
    if (!(await stat(folder).catch(() => null))?.isDirectory()) throw nothingKept()
    const clips = await withSpeech(await clipsOf(folder, [folder], signal))
    return { from: 'sentences read aloud by whoever uses this server', language: 'en', clips }
  }
  if (typeof audio === 'object') {
    const folder = await allowedFolder(audio.directory, audioDirs)
    const clips = await withSpeech(await clipsOf(folder, audioDirs, signal))
    return { from: `the manifest in ${audio.directory}`, language: null, clips }
  }
  const spoken = [...(await spokenSentences(stages.voice, signal)), ...soundsWithoutSpeech()]
  const recorded = audio === 'builtin' ? await clipsOf(builtinFolder, [builtinFolder], signal) : []
  const from =
    audio === 'builtin'
      ? 'the recordings in server/lab/clips and sentences spoken by flite, half of them in noise'
      : 'sentences spoken by flite, half of them in noise'
  const clips = await withSpeech([...recorded, ...spoken])
  // Recorded and synthetic, spoken or not: wherever a round is cut, both were heard.
  return { from, language: 'en', clips: shuffled(clips, clips.length) }
}

const nothingKept = () =>
  new QuantvoxError('not_found', 'No recording of your voice is kept.', {
    mend: 'Read the five sentences on the page at "My voice" and have them kept, or choose other audio.',
  })

type FileClip = Omit<MadeClip, 'text'> & { text: string | null }

/** @param roots below which all that is read lies */
async function clipsOf(folder: string, roots: readonly string[], signal: AbortSignal): Promise<FileClip[]> {
  const entries = await manifestOf(folder, roots)
  const clips: FileClip[] = []
  for (const { file, text, kind } of entries) {
    const inside = relative(folder, resolve(folder, file))
    if (inside.startsWith('..') || isAbsolute(inside)) {
      throw new QuantvoxError('invalid_request', `The manifest names ${file}, which is outside its folder.`)
    }
    const path = await fileIn(folder, file, roots)
    if (path === null)
      throw new QuantvoxError('not_found', `The audio file ${join(folder, file)} is not there.`)
    const spoken = kind ?? (text.trim() === '' ? 'nonspeech' : 'speech')
    const { samples } = await readClip(path, MAX_CLIP_SECONDS, signal)
    clips.push({ id: file, kind: spoken, text: spoken === 'speech' ? text : '', samples })
  }
  return clips
}

/** Null for what is not there, leads out of the roots or is no file: a pipe would be waited for without end. */
async function fileIn(folder: string, file: string, roots: readonly string[]): Promise<string | null> {
  const path = await allowedPath(join(folder, file), roots)
  return path !== null && (await stat(path)).isFile() ? path : null
}

/** `manifest.json`, a list of `{file, text, kind?}`, or `manifest.tsv`, lines of file, tab, text. */
async function manifestOf(folder: string, roots: readonly string[]): Promise<Entry[]> {
  const read = async (name: string) => {
    const path = await fileIn(folder, name, roots)
    return path === null ? null : regularText(path)
  }
  const json = await read('manifest.json')
  const tsv = json === null ? await read('manifest.tsv') : null
  if (json === null && tsv === null) {
    throw new QuantvoxError('not_found', `There is no manifest.json and no manifest.tsv in ${folder}.`, {
      meaning: 'Without it nobody knows what is said in which file.',
      mend: 'Write manifest.json as a list of {"file": "a.wav", "text": "what is said"}, or manifest.tsv with file, tab, text a line.',
    })
  }
  const entries = json === null ? fromTsv(tsv ?? '') : parsedJson(json)
  if (Value.Check(Manifest, entries)) return entries
  throw new QuantvoxError(
    'invalid_request',
    `The manifest in ${folder} is no list of 1 to ${MAX_CLIPS} entries {file, text, kind}.`,
    { mend: 'See "npx quantvox compare --help" for its form.' },
  )
}

function fromTsv(text: string): unknown {
  const lines = text.split(/\r?\n/).filter(line => line.trim() !== '')
  return lines.map(line => {
    const [file, ...rest] = line.split('\t')
    return { file, text: rest.join(' ') }
  })
}

/** Turns have no text that is known to be right: what was recognized is what is in question. */
async function savedQuestions(folder: string, signal: AbortSignal): Promise<FileClip[]> {
  const names = (await readdir(folder).catch(() => [])).filter(name => validate(name))
  // Ids are UUIDv7, so the newest have the greatest names.
  const newest = names.toSorted().reverse().slice(0, MAX_SAVED_TURNS)
  const clips: FileClip[] = []
  for (const id of newest) {
    const path = join(folder, id, 'question.wav')
    if ((await stat(path).catch(() => null))?.isFile() !== true) continue
    clips.push({
      id,
      kind: 'speech',
      text: null,
      samples: (await readClip(path, MAX_CLIP_SECONDS, signal)).samples,
    })
  }
  if (clips.length > 0) return clips
  throw new QuantvoxError('not_found', 'No spoken turn has been saved.', {
    mend: 'Set SAVE_AUDIO=true and talk to it first, or leave out --audio.',
  })
}
