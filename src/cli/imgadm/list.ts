import type { InstalledImage } from '#contracts/image/manifest.ts'
import { renderColumns } from '#lib/table-text.ts'
import { hasOption, optionValue, type Command } from '../command.ts'
import { usage } from '../parse-args.ts'
import { compareImages, matchesImage, readImageField } from './image-fields.ts'

const defaultColumns = 'uuid,name,version,os,type,published'
const defaultOrder = 'published_at,name'

export const command: Command = {
  description: ['Fields are the keys of the manifest, and published, size, zpool, source, tags.KEY.'],
  arguments: [{ name: 'FIELD=VALUE', summary: 'Only images with that value; FIELD=~TEXT: that contain TEXT', optional: true, many: true }],
  options: [
    { long: 'json', short: 'j', summary: 'Prints all as JSON' },
    { long: 'no-header', short: 'H', summary: 'Leaves out the header' },
    { long: 'order', short: 'o', value: 'FIELD,…', summary: `Columns; ${defaultColumns} when not given` },
    { long: 'sort', short: 's', value: 'FIELD,…', summary: `Order, - before a field turns it round; ${defaultOrder} when not given` },
  ],
  examples: [{ command: 'imgadm list os=linux', summary: 'Images of Linux' }],
  async run(input, cli) {
    const filters = input.args.map(parseFilter)
    const order = (optionValue(input, 'sort') ?? defaultOrder).split(',')
    const images = (await cli.node.json<InstalledImage[]>('image.list')).filter((image) => matchesImage(image, filters))
    images.sort((a, b) => compareImages(a, b, order))
    if (hasOption(input, 'json')) {
      cli.out(`${JSON.stringify(images, null, 2)}\n`)
      return 0
    }
    const fields = (optionValue(input, 'order') ?? defaultColumns).split(',')
    const rows = images.map((image) => fields.map((field) => String(readImageField(image, field) ?? '-')))
    cli.out(
      renderColumns(
        fields.map((field) => ({ header: field.toUpperCase() })),
        rows,
        { headers: !hasOption(input, 'no-header') },
      ),
    )
    return 0
  },
}

function parseFilter(word: string): { field: string; value: string } {
  const equals = word.indexOf('=')
  if (equals < 1) throw usage(`Invalid filter "${word}": FIELD=VALUE is expected.`)
  return { field: word.slice(0, equals), value: word.slice(equals + 1) }
}
