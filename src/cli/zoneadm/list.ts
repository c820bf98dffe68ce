import type { Machine } from '#contracts/machine/record.ts'
import { hasOption, type Cli, type Command, type Input } from '../command.ts'
import { readZoneName } from './act.ts'
import { globalZone, renderParsableZones, renderZoneTable, type ZoneRow } from './render-zones.ts'

type Listed = Pick<Machine, 'uuid' | 'zonename' | 'zone_state' | 'zonepath' | 'brand' | 'zoneid'>

/** Without options only zones in these states. */
const activeStates = new Set(['running', 'ready', 'shutting_down', 'down', 'mounted'])

export const command: Command = {
  description: ['Lists the running zones, the node itself (the zone global) first.'],
  arguments: [],
  options: [
    { long: 'configured', short: 'c', summary: 'All zones there are' },
    { long: 'installed', short: 'i', summary: 'Installed zones too' },
    { long: 'no-global', short: 'n', summary: 'Leaves out the zone global' },
    { long: 'parsable', short: 'p', summary: 'Prints id:name:state:path:uuid:brand:ip-type' },
    { long: 'verbose', short: 'v', summary: 'Prints a table' },
  ],
  examples: [
    { command: 'zoneadm list -cv', summary: 'A table of all zones' },
    { command: 'zoneadm list -cp', summary: 'The same for scripts' },
  ],
  async run(input, cli) {
    const zones = await readZones(input, cli)
    if (hasOption(input, 'parsable')) cli.out(renderParsableZones(zones))
    else if (hasOption(input, 'verbose')) cli.out(renderZoneTable(zones))
    else cli.out(zones.map((zone) => `${zone.name}\n`).join(''))
    return 0
  },
}

async function readZones(input: Input, cli: Cli): Promise<ZoneRow[]> {
  const name = readZoneName(cli)
  if (name === 'global') return [globalZone]
  if (name !== undefined) return [describeZone(await cli.node.json<Listed>('machine.get', { params: { name } }))]
  const machines = await cli.node.json<Listed[]>('machine.list', { query: { fields: 'uuid,zonename,zone_state,zonepath,brand,zoneid' } })
  const zones = machines.filter((machine) => isWanted(machine.zone_state, input)).map(describeZone)
  zones.sort(compareZones)
  return hasOption(input, 'no-global') ? zones : [globalZone, ...zones]
}

function isWanted(state: string, input: Input): boolean {
  if (hasOption(input, 'configured') || activeStates.has(state)) return true
  return hasOption(input, 'installed') && state === 'installed'
}

/** Running zones by their number, then the others by name. */
function compareZones(a: ZoneRow, b: ZoneRow): number {
  const byId = Number(a.id === '-' ? Infinity : a.id) - Number(b.id === '-' ? Infinity : b.id)
  return Number.isNaN(byId) || byId === 0 ? (a.name < b.name ? -1 : 1) : byId
}

function describeZone(machine: Listed): ZoneRow {
  return {
    id: machine.zoneid === undefined ? '-' : String(machine.zoneid),
    name: machine.zonename,
    state: machine.zone_state,
    path: machine.zonepath,
    uuid: machine.uuid,
    brand: machine.brand,
    ipType: 'excl',
  }
}
