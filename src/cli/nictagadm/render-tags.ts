import type { NicTag } from '#contracts/network/address.ts'
import { renderColumns } from '#lib/table-text.ts'

export type ListedTag = NicTag & { link: string }

export function renderTagTable(tags: readonly ListedTag[]): string {
  const columns = [
    { header: 'NAME', width: 14 },
    { header: 'MACADDRESS', width: 18 },
    { header: 'LINK', width: 14 },
    { header: 'TYPE', width: 16 },
  ]
  return renderColumns(columns, tags.map(cellsOf), { gap: 1 })
}

/** `name:mac:link:type`; the delimiter and backslashes inside are escaped. */
export function renderParsableTags(tags: readonly ListedTag[], delimiter: string): string {
  const escape = (cell: string): string => cell.replaceAll('\\', '\\\\').replaceAll(delimiter, `\\${delimiter}`)
  return tags.map((tag) => `${cellsOf(tag).map(escape).join(delimiter)}\n`).join('')
}

function cellsOf(tag: ListedTag): string[] {
  return [tag.name, tag.mac, tag.link, tag.type]
}
