import { speakerFor } from './microphoneChoice.ts'

/** Whether this browser lets a page choose where it is heard. */
export const canChooseSpeaker = (): boolean =>
  'setSinkId' in HTMLMediaElement.prototype && navigator.mediaDevices !== undefined

/** Loudspeakers there are; without names before the microphone was allowed. */
export async function listSpeakers(): Promise<MediaDeviceInfo[]> {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? []
  return devices.filter(({ kind }) => kind === 'audiooutput')
}

/** Has the elements heard through the chosen loudspeaker while it is there, through the browser's own while it is not. */
export function createSpeaker(elements: readonly HTMLMediaElement[]) {
  let chosen: string | null = null

  async function apply(): Promise<void> {
    const listed = (await listSpeakers()).map(({ deviceId }) => deviceId)
    const id = speakerFor(chosen, listed)
    // One that has gone meanwhile is followed by a change of devices.
    for (const element of elements) if (element.sinkId !== id) await element.setSinkId(id).catch(() => {})
  }

  if (canChooseSpeaker()) navigator.mediaDevices.addEventListener('devicechange', () => void apply())
  return {
    choose(deviceId: string | null): void {
      if (deviceId === chosen || !canChooseSpeaker()) return
      chosen = deviceId
      void apply()
    },
  }
}
