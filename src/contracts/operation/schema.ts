import { z } from 'zod'
import type { ErrorBody } from '../errors.ts'

/** What an operation does; `noun.verb`. */
export const operationKinds = [
  'machine.create',
  'machine.delete',
  'machine.start',
  'machine.stop',
  'machine.reboot',
  'machine.kill',
  'machine.update',
  'machine.reprovision',
  'machine.send',
  'machine.receive',
  'machine.install',
  'snapshot.create',
  'snapshot.rollback',
  'snapshot.delete',
  'image.install',
  'image.delete',
  'nic_tag.create',
  'nic_tag.delete',
  'nic_tag.update',
] as const
export type OperationKind = (typeof operationKinds)[number]

export const operationStates = ['queued', 'running', 'cancelling', 'done', 'failed', 'cancelled'] as const

/** A mutation under way or finished. Times are ISO 8601 in UTC. */
export const Operation = z.object({
  id: z.uuid().describe('Id of the operation'),
  kind: z.enum(operationKinds),
  subject: z.string().describe('What it acts on: a machine UUID, image UUID or nic tag name'),
  state: z.enum(operationStates),
  step: z.int().describe('Steps done'),
  steps: z.int().describe('Steps in all; 0 before the plan is made'),
  message: z.string().describe('What it is doing now, or the sentence it ended with'),
  created_at: z.iso.datetime(),
  finished_at: z.iso.datetime().nullable(),
  result: z.unknown().optional().describe('What the operation gave, e.g. `{uuid}`'),
  warnings: z.array(z.string()).describe('Things the user should know, e.g. ignored properties'),
  error: z.custom<ErrorBody>().optional(),
})
export type Operation = z.infer<typeof Operation>

/** One line of a followed operation. `progress` lines come at every step; the last is done or failed. */
export type OperationEvent =
  | { type: 'progress'; operation: Operation }
  | { type: 'done'; operation: Operation }
  | { type: 'failed'; operation: Operation; error: ErrorBody }
