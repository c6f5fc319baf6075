import type { Page } from 'playwright-core'

declare global {
  var plugged: string[]
  var inUse: { id: string; track: MediaStreamTrack }[]
  var unplug: (id: string) => void
  var plug: (id: string) => void
}

/** Gives a page microphones of these names, which hum, and which a test can plug and unplug; before it opens its own. */
export async function giveDevices(tab: Page, names: string[]) {
  await tab.evaluate(given => {
    const { mediaDevices } = navigator
    globalThis.plugged = given
    globalThis.inUse = []
    mediaDevices.enumerateDevices = async () =>
      plugged.map(id => ({ kind: 'audioinput', deviceId: id, label: id, groupId: '', toJSON: () => '' }))
    mediaDevices.getUserMedia = async constraints => {
      const audio = constraints?.audio
      const wanted =
        typeof audio === 'object' ? (audio.deviceId as { exact?: string } | undefined)?.exact : undefined
      const id = wanted ?? plugged[0]
      if (id === undefined) throw new DOMException('none', 'NotFoundError')
      if (!plugged.includes(id)) throw new DOMException('gone', 'OverconstrainedError')
      const context = new AudioContext()
      const room = context.createMediaStreamDestination()
      const hum = new OscillatorNode(context, { frequency: 100 })
      hum.connect(new GainNode(context, { gain: 0.001 })).connect(room)
      hum.start()
      const [track] = room.stream.getAudioTracks()
      if (track === undefined) throw new Error('no track')
      track.getSettings = () => ({ deviceId: id })
      Object.defineProperty(track, 'label', { value: id })
      inUse.push({ id, track })
      return room.stream
    }
    globalThis.unplug = id => {
      plugged = plugged.filter(other => other !== id)
      for (const { track } of inUse.filter(used => used.id === id)) {
        track.stop()
        track.dispatchEvent(new Event('ended'))
      }
      mediaDevices.dispatchEvent(new Event('devicechange'))
    }
    globalThis.plug = id => {
      plugged = [...plugged, id]
      mediaDevices.dispatchEvent(new Event('devicechange'))
    }
  }, names)
  return {
    plug: (id: string) => tab.evaluate(name => plug(name), id),
    unplug: (id: string) => tab.evaluate(name => unplug(name), id),
    /** The one whose sound is live. */
    live: () =>
      tab.evaluate(() => inUse.filter(({ track }) => track.readyState === 'live').map(({ id }) => id)),
  }
}
