import { properties } from '#contracts/machine/properties.ts'
import { allBrands, hvmBrands, osBrands, type Property, type PropertyTable } from '#contracts/machine/properties-shape.ts'

const effects = {
  live: 'at once',
  restart: 'next boot',
  none: '',
  read: '',
} as const satisfies Record<Property['effect'], string>

/** The page of all properties of a machine, and of what its lists are made of. */
export function renderPropertiesPage(): string {
  const lists = Object.entries(properties).filter(([, { collection }]) => collection?.kind === 'list')
  const parts = [
    '# Properties of a machine',
    `What \`vmadm create\` and \`vmadm update\` take and \`vmadm get\` shows. Made from \`src/contracts/machine/properties.ts\` by
\`npm run generate\`; do not edit.

- **brands**: OS is ${osBrands.join(', ')}; HVM is ${hvmBrands.join(', ')}.
- **set**: at \`create\`, by \`update\` too, or never (\`read\`).
- **reaches the guest**: when a change shows in a running machine.
- A map is changed by \`set_NAME\` and \`remove_NAME\`, a list by \`add_NAME\`, \`update_NAME\` and \`remove_NAME\`.`,
    renderTable(properties),
  ]
  for (const [name, { collection }] of lists) {
    if (collection?.kind !== 'list') continue
    parts.push(`## ${name}`, `Fields of each item; \`${collection.key}\` names it in updates.`, renderTable(collection.fields))
  }
  return `${parts.join('\n\n')}\n`
}

function renderTable(table: PropertyTable): string {
  const rows = Object.entries(table)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, property]) => renderRow(name, property))
  return ['| name | type | unit | brands | set | reaches the guest | default | what it is |', '|---|---|---|---|---|---|---|---|', ...rows].join('\n')
}

function renderRow(name: string, property: Property): string {
  const cells = [
    `\`${name}\``,
    property.collection?.kind ?? renderType(property),
    property.unit ?? '',
    renderBrands(property),
    renderSet(property),
    effects[property.effect],
    property.default === 'none' ? '' : property.default,
    renderDescription(property),
  ]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function renderSet({ create, update }: Property): string {
  if (!create) return update ? 'update' : 'read'
  return update ? 'create, update' : 'create'
}

function renderBrands({ brands }: Property): string {
  if (brands.length === allBrands.length) return 'all'
  if (isSame(brands, osBrands)) return 'OS'
  return isSame(brands, hvmBrands) ? 'HVM' : brands.join(', ')
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((one) => others.includes(one))
}

function renderDescription({ description, example, deprecated }: Property): string {
  const parts = [description]
  if (deprecated !== undefined) parts.push(`Old: use ${deprecated}`)
  if (example !== undefined) parts.push(`E.g. \`${JSON.stringify(example)}\``)
  return `${parts.join('. ')}.`
}

interface Shape {
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  anyOf?: Shape[]
  minimum?: number
  maximum?: number
}

function renderType({ schema }: Property): string {
  return renderShape(schema.toJSONSchema({ io: 'input', unrepresentable: 'any' }))
}

function renderShape(shape: Shape): string {
  if (shape.const !== undefined) return JSON.stringify(shape.const)
  if (shape.enum !== undefined) return shape.enum.map((value) => JSON.stringify(value)).join(', ')
  if (shape.anyOf !== undefined) return [...new Set(shape.anyOf.map(renderShape))].join(' or ')
  const type = [shape.type ?? 'any'].flat().join(' or ')
  return type === 'integer' && shape.maximum !== undefined ? `integer ${shape.minimum ?? ''}–${shape.maximum}` : type
}
