import { hasOption, type Command } from '../../cli/command.ts'
import { readAvailable, readServerUrl } from './server.ts'
import { jsonOption, verboseOption, withSession } from './session.ts'

export const command: Command = {
  description: ['The server is piadm_url of /usbkey/config, or PIADM_URL: an address below which are index.json (a list of stamps) and platform-STAMP/.'],
  arguments: [],
  options: [jsonOption, verboseOption],
  examples: [{ command: 'piadm avail', summary: 'Stamps of the images on the server, oldest first' }],
  run: (input, cli) =>
    withSession(input, cli, async ({ host }) => {
      const stamps = await readAvailable(await readServerUrl(cli.env), host.context)
      cli.out(hasOption(input, 'json') ? `${JSON.stringify(stamps)}\n` : stamps.map((stamp) => `${stamp}\n`).join(''))
      return 0
    }),
}
