import { renderColumns } from '#lib/table-text.ts'

/** A zone as zoneadm lists it. `id` is '-' when it does not run. */
export interface ZoneRow {
  id: string
  name: string
  state: string
  path: string
  uuid: string
  brand: string
  ipType: 'shared' | 'excl'
}

/** The node itself. */
export const globalZone: ZoneRow = { id: '0', name: 'global', state: 'running', path: '/', uuid: '', brand: 'liveimg', ipType: 'shared' }

/** `id:name:state:path:uuid:brand:ip-type`; colons inside are escaped. */
export function renderParsableZones(zones: readonly ZoneRow[]): string {
  return zones.map((zone) => `${[zone.id, zone.name, zone.state, zone.path, zone.uuid, zone.brand, zone.ipType].map(escapeColons).join(':')}\n`).join('')
}

function escapeColons(field: string): string {
  return field.replaceAll(':', '\\:')
}

export function renderZoneTable(zones: readonly ZoneRow[]): string {
  const columns = [
    { header: 'ID', width: 4, align: 'right' as const },
    { header: 'NAME', width: 16 },
    { header: 'STATUS', width: 10 },
    { header: 'PATH', width: 30 },
    { header: 'BRAND', width: 8 },
    { header: 'IP', width: 6 },
  ]
  return renderColumns(
    columns,
    zones.map((zone) => [zone.id, zone.name, zone.state, zone.path, zone.brand, zone.ipType]),
    { gap: 1 },
  )
}
