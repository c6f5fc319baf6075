import type { Page } from 'playwright-core'
import { toBytes } from '../../../server/audio/pcm.ts'

declare global {
  var sayIntoMicrophone: (pcm: string) => Promise<void>
}

/** Gives a page a microphone, a quiet one until the test says something; before it opens its own. */
export async function giveMicrophone(tab: Page): Promise<{ say(samples: Int16Array): Promise<void> }> {
  await tab.evaluate(() => {
    let room: { context: AudioContext; microphone: MediaStreamAudioDestinationNode } | null = null
    navigator.mediaDevices.getUserMedia = async () => {
      const context = new AudioContext()
      room = { context, microphone: context.createMediaStreamDestination() }
      return room.microphone.stream
    }
    globalThis.sayIntoMicrophone = async pcm => {
      if (room === null) throw new Error('the page has not opened the microphone')
      const bytes = Uint8Array.from(atob(pcm), sign => sign.charCodeAt(0))
      const samples = Float32Array.from(new Int16Array(bytes.buffer), sample => sample / 32768)
      const sound = room.context.createBuffer(1, samples.length, 16_000)
      sound.copyToChannel(samples, 0)
      const source = new AudioBufferSourceNode(room.context, { buffer: sound })
      source.connect(room.microphone)
      source.start()
      await new Promise(resolve => source.addEventListener('ended', resolve, { once: true }))
    }
  })
  return {
    say: samples =>
      tab.evaluate(pcm => sayIntoMicrophone(pcm), Buffer.from(toBytes(samples)).toString('base64')),
  }
}
