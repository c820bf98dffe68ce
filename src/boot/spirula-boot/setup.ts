import { AppError } from '#contracts/errors.ts'
import { bootArguments } from '#contracts/platform/names.ts'
import { silentLog, type Context } from '#host/context.ts'
import { startChild } from '#host/run/child.ts'
import { parseKernelArguments } from '#host/sys/parse.ts'
import { parseBootArguments } from '#plan/start/boot-arguments.ts'
import type { SetupFacts } from '#plan/setup/facts.ts'
import { viewOfState, type SetupState } from '#plan/setup/state.ts'
import { hasOption, optionValue, type Cli, type Command, type Input } from '../../cli/command.ts'
import { createSetupEffects } from '../setup/effects.ts'
import { executeSetup } from '../setup/execute.ts'
import { prepareSetup } from '../setup/prepare.ts'
import { lineReport, renderWork } from '../setup/lines.ts'
import { readSetupFacts, readSetupLinks } from '../setup/read-facts.ts'
import { afterFailure, runSession, tryWork, type Report, type SessionOptions } from '../setup/session.ts'
import { fetchAnswers, readAnswersFromDisks, readBounded, usualFetch, type FoundAnswers } from '../setup/sources.ts'
import { openTerminal } from '../setup/terminal.ts'
import { readStamp } from '../start/stamp.ts'
import { command as start } from './start.ts'
import { createSystem, type System } from '../system.ts'
import type { SetupWork } from '#plan/setup/work.ts'

export const command: Command = {
  description: [
    'Asks at the console for what a new node needs to know, shows a summary, and sets the node up: the pool, the settings',
    'in /usbkey/config, access for root. Nothing is changed before the summary was confirmed.',
    'Answers are taken from --answers, from the kernel argument answers=URL, from answers.json on a disk labelled',
    'SPIRULACFG or on the boot medium. With skip_final_confirm and all answers nothing is asked.',
  ],
  arguments: [],
  options: [
    { long: 'answers', value: 'FILE', summary: 'Takes the answers in FILE, and looks nowhere else', complete: 'file' },
    { long: 'dry-run', summary: 'Prints what would be done in place of doing it' },
  ],
  examples: [{ command: 'spirula-boot setup --answers answers.json --dry-run', summary: 'Tries an answers file' }],
  async run(input, cli) {
    const system = createSystem()
    const { facts, problems } = await readWhole(system)
    const found = await findAnswers(input, cli, { system, problems })
    const prepared = prepareSetup(found, facts, problems)
    for (const problem of prepared.state.notice) cli.err(`${problem}\n`)
    // Printed at the end: the terminal may be in the hands of the dialogue until then.
    let trial = ''
    const carryOut: CarryOut = hasOption(input, 'dry-run')
      ? async (work) => void (trial = renderWork(work))
      : async (work, report) => await executeSetup(work, createSetupEffects(system.context), report)
    const place = { cli, system, carryOut }
    const state = prepared.isUnattended ? await runUnattended(prepared.state, found?.where ?? '', place) : await runAtTerminal(prepared.state, place)
    if (trial !== '') return print(cli, trial)
    cli.out(`${viewOfState(state).text('hostname')} is set up. Starting it ...\n`)
    return await goOn(input, place)
  },
}

function print(cli: Cli, text: string): number {
  cli.out(text)
  return 0
}

/** No reboot is needed: the settings are applied, and what waited for them is started. */
async function goOn(input: Input, { cli, system }: Place): Promise<number> {
  const code = await start.run(input, cli)
  await system.run(['systemctl', '--no-block', 'start', 'default.target'])
  return code
}

interface Place {
  cli: Cli
  system: System
  carryOut: CarryOut
}

async function readWhole(system: System): Promise<{ facts: SetupFacts; problems: string[] }> {
  const { medium } = parseBootArguments(parseKernelArguments((await system.read('/proc/cmdline')) ?? ''))
  return await readSetupFacts({ stamp: await readStamp(system), netboot: medium === 'pxe' }, system.context)
}

type CarryOut = (work: SetupWork, report: Report) => Promise<void>

/** A failure leads to the dialogue where somebody may sit, with all answers in it. */
async function runUnattended(state: SetupState, where: string, place: Place): Promise<SetupState> {
  const { cli, system, carryOut } = place
  cli.out(`Setting up this node with ${where}.\n`)
  const failure = await tryWork(state, carryOut, lineReport(cli.out))
  if (failure === null) return state
  for (const sentence of failure) cli.err(`${sentence}\n`)
  return await runAtTerminal(afterFailure(state, failure, (await readWhole(system)).facts), place)
}

/** null when there is none. What cannot be read is a sentence in `problems`: the dialogue asks then. */
async function findAnswers(input: Input, cli: Cli, { system, problems }: { system: System; problems: string[] }): Promise<FoundAnswers | null> {
  const file = optionValue(input, 'answers')
  if (file !== undefined) {
    const text = await readBounded(file)
    if (text === null) throw new AppError('NotFound', `There is no file ${file}.`)
    return { where: file, text }
  }
  const url = parseKernelArguments((await system.read('/proc/cmdline')) ?? '')[bootArguments.answers]
  try {
    return url === undefined || url === '' ? await readAnswersFromDisks(problems, system.context) : await fetchPatiently(url, cli)
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error))
    return null
  }
}

/** Ctrl-C gives it up, and the dialogue begins. */
async function fetchPatiently(url: string, cli: Cli): Promise<FoundAnswers> {
  const abort = new AbortController()
  const release = cli.onInterrupt(() => abort.abort())
  cli.out(`Fetching the answers from ${url}; Ctrl-C asks them here.\n`)
  let last = ''
  const onRetry = (reason: string): void => {
    if (reason !== last) cli.out(`Not yet: ${reason}. Trying again.\n`)
    last = reason
  }
  const context: Context = { signal: abort.signal, log: silentLog, now: () => new Date() }
  return await fetchAnswers(url, { ...usualFetch, onRetry }, context).finally(release)
}

/** Messages of the kernel that would splash into the dialogue: only the worst are let through. */
const printk = '/proc/sys/kernel/printk'

/** Keeps kernel and systemd from writing over the dialogue; gives what lets them again. */
async function quietConsole(system: System): Promise<() => Promise<void>> {
  const loudness = (await system.read(printk).catch(() => null))?.split(/\s/)[0]
  // Where there is no systemd, or no such file, there is nothing to be kept quiet.
  const setLoudness = async (level: string): Promise<void> => await system.writeKernel(printk, level).catch(() => undefined)
  const setStatus = async (mode: string): Promise<void> => {
    const manager = ['org.freedesktop.systemd1', '/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager'] as const
    await system.run(['/usr/bin/busctl', '-q', 'call', ...manager, 'SetShowStatus', 's', mode]).catch(() => undefined)
  }
  if (loudness !== undefined) await setLoudness('1')
  await setStatus('no')
  return async () => {
    if (loudness !== undefined) await setLoudness(loudness)
    await setStatus('')
  }
}

async function runAtTerminal(start: SetupState, { cli, system, carryOut }: Place): Promise<SetupState> {
  if (!cli.isTerminal(0) || !cli.isTerminal(1)) {
    throw new AppError('Usage', 'Without a complete answers file the set-up needs a terminal.', { hint: 'spirula-boot setup at the console of the node' })
  }
  const restore = await quietConsole(system)
  const options: SessionOptions = {
    terminal: openTerminal(process.stdin, process.stdout),
    renewMs: 2000,
    renew: async (facts, how) => (how === 'quick' ? { ...facts, links: await readSetupLinks(system.context) } : (await readWhole(system)).facts),
    carryOut,
    openShell: async () => await openShell(cli, system.context),
  }
  try {
    return stateOf(await runSession(start, options))
  } finally {
    await restore()
  }
}

function stateOf({ end, state }: Awaited<ReturnType<typeof runSession>>): SetupState {
  if (end === 'left') throw new AppError('Cancelled', 'This node is not set up yet.', { hint: 'log in as root and run: spirula-boot setup' })
  return state
}

async function openShell(cli: Cli, context: Context): Promise<void> {
  cli.out('A shell on this node. `exit` leads back to the set-up.\n')
  // Its prompt goes to stderr, which would not be the terminal.
  const shell = await startChild(
    ['/bin/bash', '-c', 'exec bash -il 2>&1'],
    { terminal: true, cwd: '/root', env: { TERM: cli.env['TERM'] ?? 'linux', HOME: '/root' } },
    context,
  )
  await shell.ended
}
