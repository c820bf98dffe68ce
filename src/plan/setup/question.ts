import type { SetupFacts, SetupLayout } from './facts.ts'
import type { Verdict } from './verdict.ts'

/** In the order they are asked. */
export const questionIds = [
  'hostname',
  'admin_nic',
  'admin_ip',
  'headnode_default_gateway',
  'dns_resolvers',
  'dns_search',
  'ntp_host',
  'pool',
  'disks',
  'zpool_layout',
  'wipe_pools',
  'bootpool',
  'root_password',
  'root_password_again',
  'root_authorized_keys',
] as const
export type QuestionId = (typeof questionIds)[number]

/** What was typed or chosen, as text; several choices have commas between. */
export type Texts = Readonly<Partial<Record<QuestionId, string>>>

/** What an answers file says beyond the questions. */
export interface Given {
  /** Hash of root's password. */
  root_shadow?: string
  dns_domain?: string
  /** A layout written out. */
  layout?: SetupLayout
}

/** What a question may look at. */
export interface View {
  facts: SetupFacts
  given: Given
  /** The answer to a question as it stands: typed, else proposed. */
  text: (id: QuestionId) => string
  /** Whether it is asked, as things stand. */
  applies: (id: QuestionId) => boolean
}

/** A line of a list to choose from. */
export interface Row {
  value: string
  cells: readonly string[]
  /** Why it cannot be chosen. */
  refusal?: string
}

/** A question as a value: asking, checking, summary and the answers file all read it. */
export interface Question {
  id: QuestionId
  /** Two or three words for the summary. */
  title: string
  /** `one` and `many` choose from `rows`; a `secret` is not shown. */
  kind: 'text' | 'secret' | 'one' | 'many'
  prompt: (view: View) => string
  /** Lines under the prompt, each at most 76 characters. */
  help: (view: View) => readonly string[]
  applies: (view: View) => boolean
  /** What is proposed. */
  initial: (view: View) => string
  check: (text: string, view: View) => Verdict
  headers?: readonly string[]
  rows?: (view: View) => readonly Row[]
  /** The answer in the summary; the text itself when left out. */
  show?: (text: string, view: View) => string
}
