import type { InstalledImage } from '#contracts/image/manifest.ts'
import { AppError } from '#contracts/errors.ts'
import type { Cli } from '../command.ts'

const wholeUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The UUID of the image meant by a UUID, the first letters of one, or NAME@VERSION. Throws ImageNotFound, AmbiguousName. */
export async function findImage(name: string, cli: Cli): Promise<string> {
  if (wholeUuid.test(name)) return name
  const images = await cli.node.json<InstalledImage[]>('image.list')
  const matches = images.filter(({ manifest }) => manifest.uuid.startsWith(name) || `${manifest.name}@${manifest.version}` === name)
  const [match] = matches
  if (match === undefined) throw new AppError('ImageNotFound', `image "${name}" is not installed`, { hint: 'imgadm list' })
  if (matches.length > 1) throw new AppError('AmbiguousName', `${name} fits ${matches.length} images`, { hint: 'give more of the UUID' })
  return match.manifest.uuid
}
