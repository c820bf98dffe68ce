import { AppError } from '#contracts/errors.ts'
import type { NicTag } from '#contracts/network/address.ts'
import { bridgeName } from '#contracts/network/bridge-name.ts'
import type { Request } from './operations/request.ts'
import type { Parts } from './parts.ts'
import type { Plan } from './steps/step.ts'

const normalName = /^[A-Za-z0-9_]{1,30}$/
const etherstubName = /^[A-Za-z0-9_]{0,30}[0-9]$/

/** Adds a nic tag and its bridge. */
export function createNicTagRequest(tag: NicTag, parts: Parts): Request {
  assertName(tag)
  return {
    kind: 'nic_tag.create',
    subject: `nic_tag:${tag.name}`,
    plan: () => {
      if (parts.tags.get(tag.name) !== undefined) throw new AppError('NicTagExists', `nic tag "${tag.name}" already exists`)
      return tagPlan([{ kind: 'tag.write', tag, previous: null }])
    },
  }
}

/** Refused while machines use the tag, unless forced. */
export function deleteNicTagRequest(name: string, options: { force: boolean }, parts: Parts): Request {
  requireNicTag(name, parts)
  return {
    kind: 'nic_tag.delete',
    subject: `nic_tag:${name}`,
    plan: () => {
      const tag = requireNicTag(name, parts)
      const users = machinesOnTag(name, parts)
      if (users.length > 0 && !options.force) {
        throw new AppError(
          'NicTagInUse',
          `nic tag "${name}" is in use by ${users.length === 1 ? 'VM' : 'VMs'} ${users.slice(0, 3).join(', ')}${users.length > 3 ? ` and ${users.length - 3} more` : ''}`,
        )
      }
      return tagPlan([{ kind: 'tag.remove', tag }])
    },
  }
}

export function requireNicTag(name: string, parts: Pick<Parts, 'tags'>): NicTag {
  const tag = parts.tags.get(name)
  if (tag === undefined) throw new AppError('NicTagNotFound', `nic tag "${name}" does not exist`, { hint: 'nictagadm list' })
  return tag
}

export function machinesOnTag(name: string, parts: Pick<Parts, 'machines'>): string[] {
  return [...parts.machines.all()].filter((record) => record.nics.some((nic) => nic.nic_tag === name)).map((record) => record.uuid)
}

export function listNicTags(parts: Pick<Parts, 'tags'>): (NicTag & { link: string })[] {
  return parts.tags.all().map((tag) => ({ ...tag, link: bridgeName(tag.name) }))
}

function tagPlan(steps: Plan['steps']): Plan {
  return { steps, commit: { when: 'never' }, durable: true, warnings: [] }
}

/** smartos-node reference 5.1. */
function assertName(tag: NicTag): void {
  const fits = tag.type === 'etherstub' ? etherstubName.test(tag.name) : normalName.test(tag.name)
  if (fits) return
  const rule =
    tag.type === 'etherstub'
      ? 'an etherstub name has at most 31 characters of A-Z a-z 0-9 _ and ends in a digit'
      : 'a nic tag name has at most 30 characters of A-Z a-z 0-9 _'
  throw new AppError('InvalidPayload', `Invalid nic tag name "${tag.name}": ${rule}.`)
}
