import { AppError } from '#contracts/errors.ts'
import type { BootDevice } from '#host/boot/parse.ts'
import { removeLoader } from '#host/boot/remove-loader.ts'
import { hasOption, optionValue, type Command } from '../../cli/command.ts'
import { isBootable } from './bring.ts'
import { makeBootable } from './make-bootable.ts'
import { dryRunOption, jsonOption, lockMs, reportOutcomes, requirePool, type Session, verboseOption, withSession } from './session.ts'
import { readSurvey } from './survey.ts'
import { syncDisks } from './sync.ts'

export const command: Command = {
  description: ['Without options it says of each disk of the pool whether the node can be started from it, under BIOS and under UEFI.'],
  arguments: [{ name: 'POOL', summary: 'The system pool', optional: true }],
  options: [
    { long: 'enable', short: 'e', summary: 'Makes the disks bootable: image, loader and menu' },
    { long: 'image', short: 'i', value: 'SOURCE', summary: 'With -e: where the image comes from, as for install; the running one when not given' },
    { long: 'refresh', short: 'r', summary: 'Writes loader and menu of the running platform anew, as sync does' },
    { long: 'disable', short: 'd', summary: 'Takes the loader off the disks; images stay' },
    jsonOption,
    dryRunOption,
    verboseOption,
  ],
  examples: [{ command: 'piadm bootable -e -i media', summary: 'Puts the image of the attached medium onto the disks' }],
  run: (input, cli) =>
    withSession(input, cli, async (session) => {
      const { host, reporter, dryRun } = session
      requirePool(host, input.args[0])
      if (hasOption(input, 'enable')) {
        const source = optionValue(input, 'image')
        const outcomes = await makeBootable(host, { ...(source === undefined ? {} : { source }), reporter, env: cli.env, dryRun })
        return reportOutcomes(cli, outcomes, { dryRun, alreadyChanged: false })
      }
      if (hasOption(input, 'refresh')) return reportOutcomes(cli, await host.exclusively(lockMs, () => syncDisks(session)), { dryRun, alreadyChanged: false })
      const shown = await host.exclusively(lockMs, async () => (hasOption(input, 'disable') ? await disable(session) : await show(session)))
      cli.out(hasOption(input, 'json') ? `${JSON.stringify(shown, null, 2)}\n` : shown.map((line) => `${renderLine(line)}\n`).join(''))
      return 0
    }),
}

interface Shown {
  device: string
  disk: string
  uefi: boolean
  bios: boolean
  problem: string | null
}

async function show({ host }: Session): Promise<Shown[]> {
  const survey = await readSurvey(host)
  const disks = survey.devices.filter(({ device }) => device.kind === 'disk')
  return disks.map((state) => ({
    device: state.device.path,
    disk: state.device.disk,
    uefi: isBootable(state),
    bios: isBootable(state) && state.device.biosBootSector !== null,
    problem: state.problem,
  }))
}

async function disable({ host, dryRun }: Session): Promise<Shown[]> {
  const disks = (await host.devices()).filter((device) => device.kind === 'disk' && device.formatted)
  if (disks.length === 0) throw new AppError('NotSupported', 'No disk of the pool has a boot file system: there is nothing to disable.')
  for (const device of disks) if (!dryRun) await disableDisk(host, device)
  return disks.map((device) => ({ device: device.path, disk: device.disk, uefi: false, bios: false, problem: null }))
}

async function disableDisk(host: Session['host'], device: BootDevice): Promise<void> {
  await host.open(device, true, (root) => removeLoader(root, device.biosBootSector === null ? null : device.disk))
}

function renderLine({ device, disk, uefi, bios, problem }: Shown): string {
  const ways = [...(bios ? ['BIOS'] : []), ...(uefi ? ['UEFI'] : [])]
  return `${disk.padEnd(24)} ==> ${ways.length === 0 ? 'not bootable' : ways.join(' and ')}${problem === null ? '' : ` (${device}: ${problem})`}`
}
