import { renderColumns } from '#lib/table-text.ts'
import { hasOption, type Command } from '../../cli/command.ts'
import { listHeaders, listImages, renderRow } from './render-list.ts'
import { jsonOption, lockMs, requirePool, verboseOption, withSession } from './session.ts'
import { nextStamps, readSurvey } from './survey.ts'

export const command: Command = {
  description: [
    'BOOT IMAGE is what the boot menu makes of the image: good (its last boot was healthy; booted when another fails), trial:N (N boots left to become good),',
    'failed (given up; the good one is booted), default, available (on the boot partitions), none (on the pool only).',
  ],
  arguments: [{ name: 'POOL', summary: 'The system pool', optional: true }],
  options: [{ long: 'no-header', short: 'H', summary: 'Leaves out the header' }, jsonOption, verboseOption],
  examples: [{ command: 'piadm list', summary: 'Platform images, which one is running and which one is next' }],
  run: (input, cli) =>
    withSession(input, cli, async ({ host }) => {
      requirePool(host, input.args[0])
      const survey = await host.exclusively(lockMs, () => readSurvey(host))
      const images = listImages(survey, host.running)
      if (hasOption(input, 'json')) {
        const devices = survey.devices.map(({ device, ...state }) => ({ ...device, ...state }))
        cli.out(`${JSON.stringify({ running: host.running.stamp, medium: host.running.medium, pool: host.pool, images, devices }, null, 2)}\n`)
        return 0
      }
      cli.out(
        renderColumns(
          listHeaders.map((header) => ({ header })),
          images.map((image) => renderRow(image, host.pool)),
          { headers: !hasOption(input, 'no-header') },
        ),
      )
      if (nextStamps(survey).length > 1) cli.err('note: the boot partitions do not agree on the next image; piadm sync\n')
      for (const { device, problem } of survey.devices) if (problem !== null) cli.err(`note: ${device.path}: ${problem}\n`)
      return 0
    }),
}
