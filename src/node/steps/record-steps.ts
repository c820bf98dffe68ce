import { AppError } from '#contracts/errors.ts'
import { publishState } from '../machines/read.ts'
import { keepGuestWrites } from '../state/guest-writes.ts'
import type { ExecutorTable } from './executor.ts'

/** Records of machines and nic tags: the commits of operations. */
export const recordSteps: ExecutorTable<'record.write' | 'record.remove' | 'tag.write' | 'tag.remove'> = {
  'record.write': {
    async run({ record, previous }, _context, parts) {
      await parts.machines.update(record.uuid, (current) => keepGuestWrites(record, previous, current))
      parts.addresses.add(record)
      // Seen at once: a machine that is being made is there, in its transition.
      publishState(record.uuid, parts)
    },
    async undo({ record, previous }, _context, parts) {
      parts.addresses.remove(record.uuid)
      if (previous === null) {
        await parts.machines.remove(record.uuid)
        parts.live.forget(record.uuid)
      } else {
        await parts.machines.update(previous.uuid, (current) => keepGuestWrites(previous, record, current))
        parts.addresses.add(previous)
      }
    },
  },
  'record.remove': {
    async run({ record }, _context, parts) {
      await parts.machines.remove(record.uuid)
      parts.addresses.remove(record.uuid)
      parts.live.forget(record.uuid)
    },
    async undo({ record }, _context, parts) {
      await parts.machines.write(record.uuid, record)
      parts.addresses.add(record)
    },
  },
  'tag.write': {
    async run({ tag }, context, parts) {
      try {
        await parts.host.network.ensureTag(tag, context)
      } catch (cause) {
        await parts.host.network.destroyTag(tag, context)
        throw new AppError('CommandFailed', `The nic tag ${tag.name} could not be set up.`, { cause })
      }
      await parts.tags.write(tag)
    },
    async undo({ tag, previous }, context, parts) {
      if (previous !== null) {
        await parts.tags.write(previous)
        return await parts.host.network.ensureTag(previous, context)
      }
      await parts.tags.remove(tag.name)
      await parts.host.network.destroyTag(tag, context)
    },
  },
  'tag.remove': {
    async run({ tag }, context, parts) {
      await parts.host.network.destroyTag(tag, context)
      await parts.tags.remove(tag.name)
    },
    async undo({ tag }, context, parts) {
      await parts.tags.write(tag)
      await parts.host.network.ensureTag(tag, context)
    },
  },
}
