import { execFile } from 'node:child_process'
import { cpus, totalmem } from 'node:os'
import { promisify } from 'node:util'
import packageJson from '../../package.json' with { type: 'json' }
import type { Config } from '../config.ts'
import { findEnergyMeter } from '../engines/energy.ts'
import { takeFromPools } from '../engines/router/poolHost.ts'
import { usableCores } from '../engines/usableCores.ts'
import { QuantvoxError } from '../errors.ts'
import { defaultMargins, judge, type LabDependencies, questions, texts } from '../lab/index.ts'
import { createModelProbe } from '../llm/probe.ts'
import type { Log } from '../log.ts'
import type { ReplyAudio } from '../record/replyAudio.ts'
import type { SharedWork } from '../record/turnStore.ts'
import { cpuFlags } from '../setup/cpu.ts'
import { noTools } from '../tools/turnTools.ts'
import { remoteVoiceNames } from '../voice/remote/remoteVoices.ts'
import { listVoices } from '../voice/voices.ts'
import type { Assembly } from './assemble.ts'
import { loadedModelsOf, speechModelsOf } from './inventory.ts'
import type { Provision } from './provision.ts'
import { holdPlaces, placesOf } from './record/measuredPlaces.ts'
import { voiceModel } from './voices.ts'

const run = promisify(execFile)

/** Instruction sets that decide how fast quantized weights are multiplied. */
const tellingFeatures =
  /^(avx|avx2|avx512[a-z_0-9]*|avx_vnni|amx_[a-z0-9]+|f16c|fma|asimd[a-z]*|i8mm|bf16|sve2?)$/

/** The comparison lab on the real engines. */
export function labOf(
  config: Config,
  assembly: Assembly,
  provision: Provision,
  replies: ReplyAudio,
  log: Log,
): LabDependencies {
  const { ollama, speechEngines, languageModels } = assembly
  // What tools give differs from time to time.
  const stages = { ...assembly.stages, tools: noTools }
  return {
    stages,
    session: {
      activity: assembly.activity,
      detector: assembly.detector,
      replies,
      loadedModels: signal => loadedModelsOf(assembly, signal),
      // The same every time, whatever a detector hears: only the models differ in a comparison.
      defaults: {
        endpointing: { mode: 'silence', preset: config.ENDPOINTING_PRESET, silenceMs: config.SILENCE_MS },
        minSpeechMs: config.BARGE_IN_MS,
      },
      maxUtteranceMs: config.MAX_UTTERANCE_SECONDS * 1000,
    },
    speechModels: () => speechModelsOf(config, assembly, provision),
    languageModels: languageModels.list,
    languageTags: () => provision.languageTags().map(({ name }) => name),
    async makeLanguageModel(tag, signal) {
      // Nothing is put into an Ollama that is not ours without being asked for by its name.
      if (!ollama.owned())
        throw new QuantvoxError(
          'invalid_state',
          'the Ollama that is used is not ours, so nothing is put into it',
        )
      return provision.makeLanguageModel(tag, await ollama.url(signal), () => {}, signal)
    },
    madeFrom: provision.languageTagMadeFrom,
    probe: createModelProbe(ollama.url, assembly.chat),
    speechEngines: assembly.separateSpeechEngines,
    voices: {
      async list(signal) {
        const url = config.SYNTHESIS_URL
        const remote = url === null ? [] : await remoteVoiceNames(url, signal)
        return listVoices(remote).map(({ name }) => name)
      },
      known: name => stages.voice(name),
      model: voiceModel,
      open: assembly.separateVoices,
    },
    processes: {
      llm: ollama.processes,
      async speech(level) {
        const loaded = await speechEngines.loaded()
        return loaded.flatMap(({ name, pid }) => (name === level && pid !== null ? [pid] : []))
      },
    },
    environment: () => environmentOf(assembly),
    energyMeter: () => findEnergyMeter(),
    questions,
    texts,
    margins: defaultMargins,
    judge,
    ...((assembly.work !== null || config.ROUTER_SOCKET !== null) && {
      alone: signal => aloneOn(config, assembly.work, log, signal),
    }),
    dataDir: config.DATA_DIR,
    audioDirs: config.AUDIO_DIRS,
    log,
  }
}

/** Nobody else measures on this host, nor asks it for turns, until the returned function is called. */
async function aloneOn(
  config: Config,
  work: SharedWork | null,
  log: Log,
  signal: AbortSignal,
): Promise<() => Promise<void>> {
  const { ROUTER_SOCKET, ROUTER_SERVERS } = config
  const nothing = async () => {}
  const giveUp = work === null ? nothing : await holdPlaces(work, placesOf(config), signal, log)
  try {
    const giveBack =
      ROUTER_SOCKET === null ? nothing : await takeFromPools(ROUTER_SOCKET, ROUTER_SERVERS, signal)
    return () => giveBack().finally(giveUp)
  } catch (error) {
    await giveUp()
    throw error
  }
}

async function environmentOf({ ollama, whisperVersion, chat, speechThreads }: Assembly) {
  return {
    appVersion: packageJson.version,
    nodeVersion: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cpuFeatures: (cpuFlags() ?? []).filter(flag => tellingFeatures.test(flag)).toSorted(),
    cores: usableCores(),
    // Where it is not told how many, Ollama chooses, and does not say.
    threads: { speech: speechThreads, llm: chat.numThread },
    memoryBytes: totalmem(),
    gpu: await gpuName(),
    engines: [
      { name: 'ollama', version: await ollama.version(), where: await ollama.url() },
      { name: 'whisper-server', version: whisperVersion(), where: 'child process' },
    ],
  }
}

async function gpuName(): Promise<string | null> {
  const answer = await run('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader']).catch(() => null)
  return answer?.stdout.trim().split('\n').join(', ') || null
}
