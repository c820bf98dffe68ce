import type { Failure, Tool } from '../command.ts'

export const tool: Tool = {
  name: 'imgadm',
  summary: 'Manages the images of this node',
  options: [{ long: 'verbose', short: 'v', summary: 'Accepted for scripts written for SmartOS; the daemon keeps the log' }],
  commands: [
    { name: 'list', summary: 'Lists installed images', load: () => import('./list.ts') },
    { name: 'get', aliases: ['info'], summary: 'Prints an installed image as JSON', load: () => import('./get.ts') },
    { name: 'show', summary: 'Prints the manifest of an image as JSON', load: () => import('./show.ts') },
    { name: 'install', summary: 'Installs an image from files', load: () => import('./install.ts') },
    { name: 'delete', aliases: ['destroy'], summary: 'Deletes an installed image', load: () => import('./delete.ts') },
  ],
  exit_codes: '3 the image is not installed',
  renderFailure,
}

/** The codes scripts look for, where SmartOS has other ones than the node. */
const codes: Readonly<Record<string, string>> = {
  ImageNotFound: 'ImageNotInstalled',
  ImageExists: 'ImageAlreadyInstalled',
  ImageInUse: 'ImageHasDependentClones',
  ImageInvalid: 'InvalidManifest',
  Usage: 'Usage',
  Internal: 'InternalError',
}

function renderFailure({ code, message, command }: Failure): string {
  return `imgadm${command === '' ? '' : ` ${command}`}: error (${codes[code] ?? code}): ${message}`
}
