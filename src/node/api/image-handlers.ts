import type { NicTag } from '#contracts/network/address.ts'
import { clonesOf, deleteImageRequest, installImageRequest, requireImage } from '../images/operations.ts'
import { createNicTagRequest, deleteNicTagRequest, listNicTags, machinesOnTag, requireNicTag } from '../nic-tags.ts'
import type { Handler } from './handler.ts'

export const imageHandlers = {
  'image.list': (_call, { parts }) => [...parts.images.all()],
  'image.get': (call, { parts }) => {
    const uuid = call.params['uuid'] ?? ''
    return { ...requireImage(uuid, parts), clones: clonesOf(uuid, parts).length }
  },
  'image.install': (call, { parts, operations }) =>
    operations.start(installImageRequest(call.body as { manifest: Record<string, unknown>; file: string }, parts)),
  'image.delete': (call, { parts, operations }) => operations.start(deleteImageRequest(call.params['uuid'] ?? '', parts)),
  'nic_tag.list': (_call, { parts }) => listNicTags(parts),
  'nic_tag.create': (call, { parts, operations }) => operations.start(createNicTagRequest(call.body as NicTag, parts)),
  'nic_tag.delete': (call, { parts, operations }) =>
    operations.start(deleteNicTagRequest(call.params['name'] ?? '', { force: call.query['force'] === true }, parts)),
  'nic_tag.machines': (call, { parts }) => {
    const { name } = requireNicTag(call.params['name'] ?? '', parts)
    return machinesOnTag(name, parts)
  },
} satisfies Record<string, Handler>
