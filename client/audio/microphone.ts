import type { CapturedFrame } from './captureWorklet.ts'
import workletUrl from './captureWorklet.ts?worker&url'

export type Microphone = Awaited<ReturnType<typeof openMicrophone>>

export type MicrophoneOptions = {
  context: AudioContext
  /** Undefined: whichever the browser prefers. */
  deviceId: string | undefined
  /** PCM, signed 16-bit, mono, at the context's rate. */
  frame(frame: CapturedFrame): void
  /** The device is gone. */
  ended(): void
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

/** Opens the microphone with echo cancellation and streams its frames. Throws `MicrophoneError`. */
export async function openMicrophone({ context, deviceId, frame, ended }: MicrophoneOptions) {
  if (!isSecureContext || navigator.mediaDevices === undefined) throw insecure()
  const stream = await streamOf(deviceId)
  const track = stream.getAudioTracks()[0]
  if (track === undefined) throw new MicrophoneError('The device gives no sound.', 'Choose another one.')
  const release = () => {
    for (const each of stream.getTracks()) each.stop()
  }
  try {
    await context.audioWorklet.addModule(workletUrl)
  } catch (error) {
    release()
    throw new MicrophoneError(
      `The sound of the microphone cannot be read (${(error as Error).message}).`,
      'Load the page again.',
    )
  }
  const source = context.createMediaStreamSource(stream)
  const capture = new AudioWorkletNode(context, 'capture', { channelCount: 1, channelCountMode: 'explicit' })
  capture.port.onmessage = ({ data }: MessageEvent<CapturedFrame>) => frame(data)
  // Not every browser runs a node that leads nowhere; this one is silent.
  source
    .connect(capture)
    .connect(new GainNode(context, { gain: 0 }))
    .connect(context.destination)
  track.addEventListener('ended', ended)
  return {
    /** Id of the device that is used. */
    deviceId: track.getSettings().deviceId ?? '',
    /** Silence is sent instead, so that the session's time goes on. */
    setMuted(muted: boolean): void {
      track.enabled = !muted
    },
    close(): void {
      track.removeEventListener('ended', ended)
      capture.port.onmessage = null
      source.disconnect()
      capture.disconnect()
      release()
    },
  }
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
