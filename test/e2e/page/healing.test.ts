import { beforeEach, describe, expect, test } from 'vitest'
import { giveDevices } from '../../support/browser/devices.ts'
import type { OpenPage } from '../../support/browser/openPage.ts'
import { useFakePage } from '../../support/browser/useFakePage.ts'

const { open } = useFakePage({ script: { clauseAudioMs: 6000 } })
let page: OpenPage
beforeEach(async () => {
  page = await open()
})

const start = () => page.tab.getByRole('button', { name: 'Start talking' }).click()
const hint = () => page.tab.locator('.hint').textContent()

describe('the microphone', () => {
  test('another goes on when it is unplugged, and the chosen one when it is back', async () => {
    const devices = await giveDevices(page.tab, ['Headset', 'Built-in'])
    await start()
    await page.becomes('Listening')
    expect(await devices.live()).toEqual(['Headset'])
    await devices.unplug('Headset')
    await page.tab.getByText('The microphone is gone. Built-in goes on.').waitFor()
    await page.becomes('Listening')
    expect(await devices.live()).toEqual(['Built-in'])
    await page.picture('another-microphone')
    await devices.plug('Headset')
    await page.tab.getByText('Headset is back, and listens.').waitFor()
    await page.becomes('Listening')
    expect(await devices.live()).toEqual(['Headset'])
  })

  test('where none is left that is said, and one that is plugged in goes on by itself', async () => {
    const devices = await giveDevices(page.tab, ['Headset'])
    await start()
    await page.becomes('Listening')
    await devices.unplug('Headset')
    await page.becomes('No microphone')
    expect(await hint()).toContain('unplugged')
    await devices.plug('Webcam')
    await page.becomes('Listening')
    expect(await devices.live()).toEqual(['Webcam'])
  })

  test('one whose sound the browser never runs is given back, and that is said', async () => {
    const devices = await giveDevices(page.tab, ['Headset'])
    await page.tab.evaluate(() => {
      AudioWorklet.prototype.addModule = () => new Promise(() => {})
    })
    await start()
    await page.becomes('No microphone', 30_000)
    expect(await hint()).toContain('does not run the sound')
    expect(await devices.live()).toEqual([])
  })

  test('one that gives no frame is given back, too', async () => {
    const devices = await giveDevices(page.tab, ['Headset'])
    await page.tab.evaluate(() => {
      Object.defineProperty(MessagePort.prototype, 'onmessage', { set() {} })
    })
    await start()
    await page.becomes('No microphone', 30_000)
    expect(await devices.live()).toEqual([])
  })

  test('one that the system mutes is said, until it lets it be heard', async () => {
    await giveDevices(page.tab, ['Headset'])
    await start()
    await page.becomes('Listening')
    const mute = (muted: boolean) =>
      page.tab.evaluate(isMuted => {
        const track = inUse.at(-1)?.track
        if (track === undefined) throw new Error('no microphone is open')
        Object.defineProperty(track, 'muted', { configurable: true, value: isMuted })
        track.dispatchEvent(new Event(isMuted ? 'mute' : 'unmute'))
      }, muted)
    await mute(true)
    await page.becomes('Sound held')
    expect(await hint()).toContain('The system has muted the microphone')
    await mute(false)
    await page.becomes('Listening')
  })

  test('is released after a start that failed', async () => {
    const devices = await giveDevices(page.tab, ['Headset'])
    await page.tab.evaluate(() => {
      AudioContext.prototype.createMediaStreamSource = () => {
        throw new Error('no sound for you')
      }
    })
    await start()
    await page.becomes('No microphone')
    expect(await hint()).toContain('no sound for you')
    expect(await devices.live()).toEqual([])
  })

  test('of another rate than the sound of the page is resampled', async () => {
    await giveDevices(page.tab, ['Headset'])
    await page.tab.evaluate(() => {
      const create = AudioContext.prototype.createMediaStreamSource
      // As Firefox refuses: the page's own context is the first.
      AudioContext.prototype.createMediaStreamSource = function (stream) {
        if (this === openContexts[0]) throw new DOMException('other rates', 'NotSupportedError')
        return create.call(this, stream)
      }
      const settings = MediaStreamTrack.prototype.getSettings
      const open = navigator.mediaDevices.getUserMedia
      navigator.mediaDevices.getUserMedia = async constraints => {
        const stream = await open(constraints)
        for (const track of stream.getTracks())
          track.getSettings = () => ({ ...settings.call(track), deviceId: 'Headset', sampleRate: 32_000 })
        return stream
      }
    })
    const sent = page.tab.waitForEvent('websocket').then(
      socket =>
        new Promise<number[]>(resolve => {
          const sizes: number[] = []
          socket.on('framesent', ({ payload }) => {
            if (typeof payload === 'string') return
            if (sizes.push(payload.length) === 50) resolve(sizes)
          })
        }),
    )
    await start()
    await page.becomes('Listening')
    const rates = await page.tab.evaluate(() => openContexts.map(({ sampleRate }) => sampleRate))
    expect(rates).toContain(32_000)
    const sizes = await sent
    const pageRate = rates[0] ?? 0
    for (const size of sizes) {
      expect(size / 2 / pageRate).toBeGreaterThan(0.019)
      expect(size / 2 / pageRate).toBeLessThan(0.045)
    }
  })
})

describe('the sound', () => {
  test('that was taken away goes on when the page is seen again', async () => {
    await giveDevices(page.tab, ['Headset'])
    await start()
    await page.becomes('Listening')
    const hide = (hidden: boolean) =>
      page.tab.evaluate(isHidden => {
        Object.defineProperty(document, 'hidden', { configurable: true, value: isHidden })
        document.dispatchEvent(new Event('visibilitychange'))
      }, hidden)
    await hide(true)
    await page.tab.evaluate(() => openContexts[0]?.suspend())
    await page.becomes('Sound held')
    expect(await hint()).toContain('out of sight')
    await hide(false)
    await page.becomes('Listening')
  })

  test('an answer that a headset stops goes on at a tap', async () => {
    await page.tab.getByLabel('Type a question').fill('Say something long.')
    await page.tab.keyboard.press('Enter')
    await page.becomes('Speaking')
    await page.tab.evaluate(() =>
      document.querySelector<HTMLAudioElement>('audio[data-plays=replies]')?.pause(),
    )
    await page.becomes('Sound held')
    // Whatever is tapped: the big button stops no answer now.
    await page.tab.getByRole('button', { name: 'Let the sound go on' }).click()
    await page.becomes('Speaking')
    expect(await page.tab.locator('.turn').first().getAttribute('data-outcome')).toBe('open')
  })

  test('is heard where it was chosen, and the screen stays on while somebody talks hands-free', async () => {
    await page.tab.evaluate(() => {
      const locks: string[] = []
      Object.assign(globalThis, { locks })
      Object.defineProperty(navigator, 'wakeLock', {
        value: {
          request: async (kind: string) => {
            locks.push(kind)
            const lock = new EventTarget()
            return Object.assign(lock, { release: async () => void locks.push('released') })
          },
        },
      })
    })
    const locks = () => page.tab.evaluate(() => (globalThis as unknown as { locks: string[] }).locks)
    await start()
    await page.becomes(/Listening|Hearing/)
    expect(await locks()).toEqual(['screen'])
    await page.tab.getByRole('button', { name: 'Settings' }).click()
    const speakers = page.tab.getByLabel('Loudspeaker')
    const name = await speakers.locator('option').nth(1).textContent()
    await speakers.selectOption({ index: 1 })
    const chosen = await speakers.inputValue()
    expect(chosen, name ?? '').not.toBe('')
    await page.tab.getByRole('button', { name: 'Done' }).click()
    await expect
      .poll(() =>
        page.tab.evaluate(() => [...document.querySelectorAll('audio')].map(({ sinkId }) => sinkId)),
      )
      .toEqual([chosen, chosen])
    await page.tab.getByRole('button', { name: 'Turn off' }).click()
    await expect.poll(locks).toEqual(['screen', 'released'])
  })
})
