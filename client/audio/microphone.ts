import type { CapturedFrame } from './captureWorklet.ts'
import workletUrl from './captureWorklet.ts?worker&url'
import { createFrameResampler } from './frameResampler.ts'

export type Microphone = Awaited<ReturnType<typeof openMicrophone>>

export type MicrophoneOptions = {
  /** Frames come at its rate. */
  context: AudioContext
  /** Undefined: whichever the browser prefers. */
  deviceId: string | undefined
  /** PCM, signed 16-bit, mono. */
  frame(frame: CapturedFrame): void
  /** The device is gone. */
  ended(): void
  /** The system muted it, or lets it be heard again. */
  muteChanged(): void
}

/** Why there is no microphone, and what mends it. */
export class MicrophoneError extends Error {
  readonly mend: string

  constructor(message: string, mend: string) {
    super(message)
    this.name = 'MicrophoneError'
    this.mend = mend
  }
}

/** Firefox runs no sound where there is nothing to play it on, and says nothing of it. */
export const RUNS_WITHIN_MS = 10_000

export const notRunning = () =>
  new MicrophoneError(
    'The browser does not run the sound of this page.',
    'Some need a loudspeaker or headphones for it: plug some in, then tap again. Typed questions work without it.',
  )

/** Rejects after that time; whoever is first does not wait for it. */
const neverRuns = () =>
  new Promise<never>((_, reject) => setTimeout(() => reject(notRunning()), RUNS_WITHIN_MS))

/** Opens the microphone with echo cancellation and streams its frames. Throws `MicrophoneError`, and then holds no device. */
export async function openMicrophone(options: MicrophoneOptions) {
  if (!isSecureContext || navigator.mediaDevices === undefined) throw insecure()
  const stream = await streamOf(options.deviceId)
  try {
    return await capture(stream, options)
  } catch (error) {
    release(stream)
    if (error instanceof MicrophoneError) throw error
    throw new MicrophoneError(
      `The sound of the microphone cannot be read (${(error as Error).message}).`,
      'Load the page again.',
    )
  }
}

async function capture(stream: MediaStream, { context, frame, ended, muteChanged }: MicrophoneOptions) {
  const track = stream.getAudioTracks()[0]
  if (track === undefined) throw new MicrophoneError('The device gives no sound.', 'Choose another one.')
  const source = sourceOf(stream, track, context)
  const own = source.context === context ? null : (source.context as AudioContext)
  const resample = own === null ? null : createFrameResampler(own.sampleRate, context.sampleRate)
  try {
    await Promise.race([source.context.audioWorklet.addModule(workletUrl), neverRuns()])
  } catch (error) {
    void own?.close()
    throw error
  }
  const node = new AudioWorkletNode(source.context, 'capture', {
    channelCount: 1,
    channelCountMode: 'explicit',
  })
  node.port.onmessage = ({ data }: MessageEvent<CapturedFrame>) => {
    const pcm = resample === null ? data.pcm : resample(data.pcm)
    if (pcm !== null) frame({ pcm, level: data.level })
  }
  // Not every browser runs a node that leads nowhere; this one is silent.
  source
    .connect(node)
    .connect(new GainNode(source.context, { gain: 0 }))
    .connect(source.context.destination)
  track.addEventListener('ended', ended)
  for (const name of ['mute', 'unmute'] as const) track.addEventListener(name, muteChanged)
  return {
    /** Id of the device that is used. */
    deviceId: track.getSettings().deviceId ?? '',
    label: track.label,
    /** Silence is sent instead, so that the session's time goes on. */
    setMuted(muted: boolean): void {
      track.enabled = !muted
    },
    /** Muted by the system, or by a switch on the device. */
    mutedBySystem: (): boolean => track.muted,
    close(): void {
      track.removeEventListener('ended', ended)
      for (const name of ['mute', 'unmute'] as const) track.removeEventListener(name, muteChanged)
      node.port.onmessage = null
      source.disconnect()
      node.disconnect()
      void own?.close()
      release(stream)
    },
  }
}

/** Firefox joins no device with a context of another rate: there it gets a context of its own, and the frames are resampled. */
function sourceOf(
  stream: MediaStream,
  track: MediaStreamTrack,
  context: AudioContext,
): MediaStreamAudioSourceNode {
  try {
    return context.createMediaStreamSource(stream)
  } catch (error) {
    if ((error as DOMException).name !== 'NotSupportedError') throw error
  }
  const { sampleRate } = track.getSettings()
  const own = new AudioContext(sampleRate === undefined ? {} : { sampleRate })
  try {
    return own.createMediaStreamSource(stream)
  } catch (error) {
    void own.close()
    throw error
  }
}

function release(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop()
}

/** Microphones there are; without names before the first permission. */
export async function listMicrophones(): Promise<MediaDeviceInfo[]> {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? []
  return devices.filter(({ kind }) => kind === 'audioinput')
}

async function streamOf(deviceId: string | undefined): Promise<MediaStream> {
  const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 }
  try {
    const device = deviceId === undefined ? {} : { deviceId: { exact: deviceId } }
    return await navigator.mediaDevices.getUserMedia({ audio: { ...audio, ...device } })
  } catch (error) {
    const { name, message } = error as DOMException
    // The chosen one is not plugged in today.
    if (name === 'OverconstrainedError' && deviceId !== undefined) return streamOf(undefined)
    throw microphoneError(name, message)
  }
}

function microphoneError(name: string, message: string): MicrophoneError {
  switch (name) {
    case 'NotAllowedError':
      return new MicrophoneError(
        'The browser does not let this page use the microphone.',
        "Allow it by the sign beside the page's address, then tap again. Typed questions work without it.",
      )
    case 'NotFoundError':
      return new MicrophoneError(
        'This machine has no microphone.',
        'Plug one in, then tap again. Typed questions work without it.',
      )
    case 'NotReadableError':
      return new MicrophoneError(
        'Another program holds the microphone.',
        'Close it there, or choose another device.',
      )
    default:
      return new MicrophoneError(`The microphone cannot be opened (${message}).`, 'Choose another device.')
  }
}

function insecure(): MicrophoneError {
  return new MicrophoneError(
    'Browsers give the microphone only to pages at localhost or over https.',
    'Type instead, or open the page at such an address.',
  )
}
