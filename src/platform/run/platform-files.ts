import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import { platformDirectory, platformFiles } from '#contracts/platform/names.ts'
import { readStamps } from '../booter/platforms.ts'

/** A built platform: its directory, and the media made of it, which lie beside or in it. */
export interface BuiltPlatform {
  name: string
  kernel: string
  archive: string
  iso: string
  usb: string
}

/** The platform of a directory: the directory itself when it has a kernel, else the newest image in it. Throws NotFound. */
export async function readBuiltPlatform(directory: string): Promise<BuiltPlatform> {
  if (existsSync(join(directory, platformFiles.kernel))) return describePlatform(directory)
  const stamp = (await readStamps(directory)).at(-1)
  if (stamp === undefined) {
    throw new AppError('NotFound', `There is no platform image in ${directory}.`, {
      hint: './spirula platform build, or --platform DIRECTORY of one that is built',
    })
  }
  return describePlatform(join(directory, platformDirectory(stamp)))
}

function describePlatform(directory: string): BuiltPlatform {
  const name = basename(directory)
  const medium = (ending: string): string => {
    const places = [join(dirname(directory), `${name}${ending}`), join(directory, `${name}${ending}`), join(directory, `platform${ending}`)]
    return places.find((place) => existsSync(place)) ?? places[0]!
  }
  return { name, kernel: join(directory, platformFiles.kernel), archive: join(directory, platformFiles.archive), iso: medium('.iso'), usb: medium('.usb.img') }
}
