import { beforeEach, describe, expect, test } from 'vitest'
import { launchBrowser } from '../../support/browser/chromium.ts'
import { listenTo, type OpenPage, openPage } from '../../support/browser/openPage.ts'
import { spokenWav } from '../../support/browser/spokenWav.ts'
import { useFakePage } from '../../support/browser/useFakePage.ts'
import { usualScript } from '../../support/fakes/fakeStages.ts'

const { server, open } = useFakePage({}, 'azure-weather')
let page: OpenPage
beforeEach(async () => {
  Object.assign(server().script, usualScript, { recognizeMs: 150, firstTokenMs: 150, clauseAudioMs: 1500 })
  server().calls.length = 0
  page = await open()
})

const start = () => page.tab.getByRole('button', { name: 'Start talking' }).click()
const lastTurn = () => page.tab.locator('.turn').last()

async function recordedTurns() {
  const { items } = await fetch(`${server().url}/v1/turns`).then(answer => answer.json())
  return items
}

describe('talking', () => {
  test('a spoken question is heard, answered aloud, and shown with where its time went', async () => {
    expect(await page.words()).toEqual(['Off'])
    await start()
    await page.becomes('Speaking')
    const { peak, movedSeconds, paused } = await listenTo(page.tab, 800)
    expect(peak).toBeGreaterThan(0.1)
    expect(movedSeconds).toBeGreaterThan(0.5)
    expect(paused).toBe(false)
    await page.picture('speaking')
    await page.becomes('Listening')
    await expect.poll(() => lastTurn().getAttribute('data-outcome')).toBe('completed')
    const text = await lastTurn().innerText()
    expect(text).toContain('What is the time?')
    expect(text).toContain('It is ten past nine. Good evening.')
    expect(await lastTurn().locator('.waterfall').isVisible()).toBe(true)
    const words = (await page.words()).filter(word => word !== 'Starting' && word !== 'Transcribing')
    expect(words).toEqual(['Off', 'Listening', 'Hearing you', 'Thinking', 'Speaking', 'Listening'])
    const [record] = await recordedTurns()
    expect(record.outcome).toBe('completed')
    expect(record.fromSpeechEnd.playbackStartedMs).toBeGreaterThanOrEqual(record.fromSpeechEnd.firstAudioMs)
    expect(record.heardText).toBe(record.reply)
  })

  test('Esc stops the answer at once, and what was not heard is marked', async () => {
    server().script.clauseAudioMs = 5000
    await start()
    await page.becomes('Speaking')
    await page.tab.waitForTimeout(600)
    await page.tab.keyboard.press('Escape')
    await page.becomes('Listening', 1000)
    await page.tab.waitForTimeout(150)
    expect((await listenTo(page.tab, 200)).peak).toBeLessThan(0.01)
    await expect.poll(() => lastTurn().getAttribute('data-outcome')).toBe('interrupted')
    expect(await lastTurn().locator('.unspoken').textContent()).not.toBe('')
    const [record] = await recordedTurns()
    expect(record.outcome).toBe('interrupted')
    expect(record.heardText.length).toBeLessThan(record.reply.length)
  })

  test('push-to-talk works by holding Space, and Esc drops what is being said', async () => {
    await page.tab.getByRole('group').getByText('Push-to-talk').click()
    await start()
    await page.becomes('Ready')
    await page.tab.locator('main').focus()
    await page.tab.keyboard.down('Space')
    await page.becomes('Hearing you')
    await page.picture('push-to-talk')
    await page.tab.waitForTimeout(2500)
    await page.tab.keyboard.up('Space')
    await page.becomes('Speaking')
    await page.tab.keyboard.press('Escape')
    await page.becomes('Ready')
    await page.tab.keyboard.down('Space')
    await page.becomes('Hearing you')
    await page.tab.keyboard.press('Escape')
    await page.tab.keyboard.up('Space')
    await page.becomes('Ready')
    await expect.poll(() => page.tab.locator('.turn').count()).toBe(1)
    const turns = await recordedTurns()
    expect(turns.slice(0, 2).map((turn: { outcome: string }) => turn.outcome)).toEqual([
      'discarded',
      'interrupted',
    ])
  })

  test('push-to-talk works by holding the button, and is remembered', async () => {
    await page.tab.getByRole('group').getByText('Push-to-talk').click()
    await page.tab.reload()
    await start()
    await page.becomes('Ready')
    await page.tab.getByRole('button', { name: 'Hold to talk' }).hover()
    await page.tab.mouse.down()
    await page.becomes('Hearing you')
    await page.tab.waitForTimeout(2500)
    await page.tab.mouse.up()
    await page.becomes('Speaking')
  })

  test('muted, it says so and hears nothing', async () => {
    await start()
    await page.tab.getByRole('button', { name: 'Mute' }).click()
    await page.becomes('Muted')
    await page.picture('muted')
    await page.tab.waitForTimeout(3500)
    expect(await page.tab.locator('.turn').count()).toBe(0)
    await page.tab.getByRole('button', { name: 'Mute' }).click()
    await page.becomes('Listening')
  })

  test('it never says that it listens while no frames flow', async () => {
    await start()
    await page.becomes('Listening')
    await page.tab.evaluate(() => {
      const [context] = openContexts
      if (context === undefined) throw new Error('no sound')
      // A system that holds the sound refuses.
      context.resume = () => Promise.reject(new DOMException('held', 'InvalidStateError'))
      return context.suspend()
    })
    await page.becomes('Sound held', 5000)
    expect(await page.tab.locator('.hint').textContent()).toContain('Tap anywhere')
    await page.picture('sound-held')
    await page.tab.evaluate(() => {
      const [context] = openContexts
      if (context !== undefined) context.resume = AudioContext.prototype.resume
    })
    await page.tab.locator('h1').dispatchEvent('click')
    await page.becomes(/Listening|Hearing/, 5000)
  })

  test('talking over the answer interrupts it, and is the next question', async () => {
    const talksAgain = await launchBrowser({ microphone: await spokenWav('azure-weather', 2500) })
    try {
      server().script.clauseAudioMs = 20_000
      const over = await openPage(talksAgain, server().url)
      await over.tab.getByRole('button', { name: 'Start talking' }).click()
      await over.becomes('Speaking')
      await over.becomes('Hearing you')
      await expect
        .poll(() => over.tab.locator('.turn').first().getAttribute('data-outcome'))
        .toBe('interrupted')
      await over.becomes('Speaking')
      expect(await over.tab.locator('.turn').count()).toBe(2)
      await over.close()
    } finally {
      await talksAgain.close()
    }
  })

  test('a listening word over the answer holds it and lets it go on, "stop" ends it', async () => {
    const talksAgain = await launchBrowser({ microphone: await spokenWav('azure-weather', 2500) })
    try {
      Object.assign(server().script, { clauseAudioMs: 20_000, recognizeMs: 20 })
      const over = await openPage(talksAgain, server().url)
      await over.tab.getByRole('button', { name: 'Start talking' }).click()
      await over.becomes('Speaking')
      server().script.transcript = 'Mm-hm.'
      await over.becomes('Hearing you')
      await over.tab.waitForTimeout(700)
      expect((await listenTo(over.tab, 150)).peak).toBeLessThan(0.01)
      await over.becomes('Speaking')
      expect((await listenTo(over.tab, 300)).peak).toBeGreaterThan(0.05)
      expect(await over.tab.locator('.turn').count()).toBe(1)
      server().script.transcript = 'Stop.'
      await expect
        .poll(() => over.tab.locator('.turn').first().getAttribute('data-outcome'), { timeout: 15_000 })
        .toBe('interrupted')
      await over.close()
    } finally {
      await talksAgain.close()
    }
  })

  test("the browser's own voice speaks by sentence, and says how far it came", async () => {
    await page.tab.evaluate(speakSilently)
    await page.tab.locator('.pickers select').selectOption('browser')
    await page.tab.getByText("The first turn will use this browser's own voice.").first().waitFor()
    await page.tab.getByLabel('Type a question').fill('Who speaks?')
    await page.tab.keyboard.press('Enter')
    await page.becomes('Speaking')
    await expect.poll(() => lastTurn().getAttribute('data-outcome')).toBe('completed')
    expect(await page.tab.evaluate(() => (globalThis as unknown as { said: string[] }).said)).toEqual([
      'It is ten past nine.',
      'Good evening.',
    ])
    const [record] = await recordedTurns()
    expect(record.synthesis.voice).toBe('browser')
    expect(record.heardText).toBe(record.reply)
    expect(record.fromSpeechEnd.playbackStartedMs).not.toBeNull()
  })

  test('a very quiet microphone is said under the question, with what mends it', async () => {
    await page.tab.evaluate(turnMicrophoneDown, -45)
    await start()
    await page.becomes('Speaking')
    expect(await lastTurn().locator('.note').textContent()).toMatch(/very quiet.*sound settings/)
    await page.picture('quiet-microphone')
  })

  test('an unplugged microphone is said, and typing goes on', async () => {
    await start()
    await page.becomes('Listening')
    await page.tab.evaluate(() => {
      navigator.mediaDevices.enumerateDevices = async () => []
      for (const track of openTracks) {
        track.stop()
        track.dispatchEvent(new Event('ended'))
      }
    })
    await page.becomes('No microphone')
    expect(await page.tab.locator('.hint').textContent()).toContain('unplugged')
    await page.picture('unplugged')
    await page.tab.getByLabel('Type a question').fill('Still there?')
    await page.tab.keyboard.press('Enter')
    await page.becomes('Speaking')
  })
})

/** The browser leaves the level of the microphone as it is, and the page gets so much less of it, dB. */
function turnMicrophoneDown(dB: number): void {
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
  const audio = { autoGainControl: false, echoCancellation: false, noiseSuppression: false }
  navigator.mediaDevices.getUserMedia = async () => {
    const context = new AudioContext()
    const quiet = context.createMediaStreamDestination()
    context
      .createMediaStreamSource(await open({ audio }))
      .connect(new GainNode(context, { gain: 10 ** (dB / 20) }))
      .connect(quiet)
    return quiet.stream
  }
}

/** This Chromium carries no voice: one that speaks at once and is silent, with the events of a real one. */
function speakSilently(): void {
  const said: string[] = []
  let last = Promise.resolve()
  const tell = (utterance: SpeechSynthesisUtterance, name: 'start' | 'end') =>
    utterance.dispatchEvent(new SpeechSynthesisEvent(name, { utterance }))
  speechSynthesis.speak = utterance => {
    last = last.then(async () => {
      said.push(utterance.text)
      tell(utterance, 'start')
      await new Promise(resolve => setTimeout(resolve, 150))
      tell(utterance, 'end')
    })
  }
  speechSynthesis.cancel = () => {}
  Object.assign(globalThis, { said })
}
