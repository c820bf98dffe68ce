import { Answers, answerKeys, defaultAnswer, isFlagSet } from '#contracts/platform/answers.ts'
import { JsonMistake, parseJson } from '#lib/json-position.ts'
import { nearestOf } from '#lib/nearest.ts'
import { parseNetmask } from '#lib/cidr.ts'
import type { SetupFacts } from './facts.ts'
import { questionIds, type Given, type QuestionId, type Texts } from './question.ts'
import { newPool } from './questions-disks.ts'
import { askedQuestions, openQuestions, questionOf, viewOf } from './questions.ts'

/** An answers file as far as it can be understood. */
export interface ReadAnswers {
  answers: Answers
  /** Whole sentences: what is wrong with the rest. */
  problems: string[]
}

/** Parses `answers.json`. Never throws: what is wrong is told and left out. */
export function parseAnswers(text: string): ReadAnswers {
  const value = parseText(text)
  if (typeof value === 'string') return { answers: {}, problems: [value] }
  const problems: string[] = []
  const kept: Record<string, unknown> = {}
  for (const [key, answer] of Object.entries(value)) {
    const problem = problemOf(key, answer)
    if (problem === null) kept[key] = answer
    else problems.push(problem)
  }
  return { answers: Answers.parse(kept), problems }
}

/** The object, or what is wrong with the text. */
function parseText(text: string): string | Record<string, unknown> {
  try {
    const value = parseJson(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'The file must hold one JSON object: { "hostname": "node01", ... }.'
    return value as Record<string, unknown>
  } catch (error) {
    if (!(error instanceof JsonMistake)) throw error
    return `The file is not JSON. ${error.message}`
  }
}

function problemOf(key: string, answer: unknown): string | null {
  if (!answerKeys.includes(key)) {
    const nearest = nearestOf(key, answerKeys)
    return `"${key.slice(0, 60)}" is not a key of an answers file${nearest === null ? '.' : `; did you mean ${nearest}?`}`
  }
  const result = Answers.safeParse({ [key]: answer })
  if (result.success) return null
  const issue = result.error.issues[0]
  const path = issue?.path.slice(1).join('.')
  return `${key}${path === undefined || path === '' ? '' : `.${path}`}: the value does not fit (${issue?.message ?? 'unknown reason'}).`
}

/** What an answers file comes to on this machine. */
export interface AppliedAnswers {
  texts: Texts
  given: Given
  problems: string[]
  /** Nothing is left to ask. */
  complete: boolean
  skipSummary: boolean
  skipConfirm: boolean
}

/** Answers as the dialogue has them, checked against the machine. What is wrong is told, and asked. */
export function applyAnswers(answers: Answers, facts: SetupFacts): AppliedAnswers {
  const problems: string[] = []
  const given = readGiven(answers, facts, problems)
  const wanted: Partial<Record<QuestionId, string | undefined>> = {
    hostname: answers.hostname,
    admin_nic: answers.admin_nic === undefined ? undefined : resolveLink(answers.admin_nic, facts),
    admin_ip: readAddress(answers, problems),
    headnode_default_gateway: answers.headnode_default_gateway,
    dns_resolvers: readResolvers(answers),
    dns_search: answers.dns_search,
    ntp_host: answers.ntp_host,
    ...readPool(answers, facts),
    bootpool: answers.bootpool,
    root_password: answers.root_password,
    root_password_again: answers.root_password,
    root_authorized_keys: typeof answers.root_authorized_keys === 'object' ? answers.root_authorized_keys.join('\n') : answers.root_authorized_keys,
  }
  const texts = checkTexts(wanted, { facts, given, problems })
  const view = viewOf(facts, given, texts)
  const isAnswered = (id: QuestionId): boolean => wanted[id] !== undefined || !view.applies(id)
  const needed: QuestionId[] = ['admin_ip', 'headnode_default_gateway', ...(facts.links.length > 1 ? (['admin_nic'] as const) : [])]
  const hasPool = wanted.pool !== undefined
  const complete = problems.length === 0 && hasPool && needed.every(isAnswered) && openQuestions(view).length === 0
  return { texts, given, problems, complete, skipSummary: isFlagSet(answers.skip_final_summary), skipConfirm: isFlagSet(answers.skip_final_confirm) }
}

/** `<default>` becomes the proposal; what a question refuses is told and left out. In the order of the questions, as later ones look at earlier. */
function checkTexts(wanted: Partial<Record<QuestionId, string | undefined>>, context: { facts: SetupFacts; given: Given; problems: string[] }): Texts {
  let texts: Texts = {}
  for (const id of questionIds) {
    const text = wanted[id]
    const view = viewOf(context.facts, context.given, texts)
    if (text === undefined || text === defaultAnswer) continue
    // A pool or a port that the file counts on and that is not there must not be passed over: another would be taken.
    const isCountedOn = (id === 'pool' && text !== newPool) || id === 'admin_nic'
    if (!view.applies(id) && !isCountedOn) continue
    const verdict = questionOf(id).check(text, view)
    if (verdict.ok) texts = { ...texts, [id]: text }
    else context.problems.push(`${id}${questionOf(id).kind === 'secret' ? '' : ` "${text.slice(0, 60)}"`}: ${verdict.message}`)
  }
  return texts
}

function readGiven(answers: Answers, facts: SetupFacts, problems: string[]): Given {
  const given: Given = {}
  if (answers.dns_domain !== undefined && answers.dns_domain !== defaultAnswer) given.dns_domain = answers.dns_domain
  if (answers.root_shadow !== undefined) {
    if (/^\$[0-9a-z]{1,2}\$[A-Za-z0-9./$=,-]{10,200}$/.test(answers.root_shadow)) given.root_shadow = answers.root_shadow
    else problems.push('root_shadow: a hash as in /etc/shadow is expected, such as `mkpasswd` or `openssl passwd -6` print it.')
  }
  if (typeof answers.zpool_layout === 'object') {
    const layout = facts.readLayout(answers.zpool_layout)
    if (typeof layout === 'string') problems.push(`zpool_layout: ${layout}.`)
    else given.layout = layout
  }
  return given
}

/** MAC of the link that is meant: by MAC in any spelling, or by name. */
function resolveLink(text: string, facts: SetupFacts): string {
  const mac = text
    .toLowerCase()
    .split(/[:-]/)
    .map((part) => part.padStart(2, '0'))
    .join(':')
  return facts.links.find((link) => link.mac.toLowerCase() === mac || link.name === text)?.mac ?? text
}

function readAddress(answers: Answers, problems: string[]): string | undefined {
  const { admin_ip: address, admin_netmask: netmask } = answers
  if (address === undefined || netmask === undefined || netmask === defaultAnswer || !/^[\d.]+$/.test(address)) return address
  const prefix = parseNetmask(netmask)
  if (prefix === null) problems.push(`admin_netmask: "${netmask}" is not a netmask; 255.255.255.0 is one.`)
  return prefix === null ? undefined : `${address}/${prefix}`
}

function readResolvers(answers: Answers): string | undefined {
  const { dns_resolvers: all, dns_resolver1: first, dns_resolver2: second } = answers
  if (all !== undefined) return typeof all === 'string' ? all : all.join(', ')
  const named = [first, second].filter((text) => text !== undefined)
  if (named.length === 0) return undefined
  if (named.includes(defaultAnswer)) return defaultAnswer
  return named.filter((text) => text !== '' && text !== 'none').join(', ')
}

/** Words for "what disklayout proposes". */
const proposed = new Set(['default', 'yes', 'y', ''])

function readPool(answers: Answers, facts: SetupFacts): Partial<Record<QuestionId, string | undefined>> {
  const { zpool_layout: layout, disks, pool, wipe_pools } = answers
  if (pool !== undefined && pool !== defaultAnswer) return { pool }
  // `manual` is for a person at the console.
  if (layout === 'manual') return {}
  if (layout === undefined && disks === undefined) return pool === undefined ? {} : { pool: facts.pools.length > 0 ? defaultAnswer : newPool }
  return {
    pool: newPool,
    disks: disks?.map((name) => resolveDisk(name, facts)).join(','),
    zpool_layout: isProposed(layout) ? defaultAnswer : layout,
    // One file may serve many machines: names of pools that are not here are left out.
    wipe_pools: wipe_pools?.filter((name) => facts.pools.some((found) => found.name === name)).join(' '),
  }
}

function isProposed(layout: Answers['zpool_layout']): layout is Exclude<typeof layout, string> {
  return layout === undefined || typeof layout === 'object' || proposed.has(layout)
}

/** Kernel name of the disk that is meant: by name, path or serial number. */
function resolveDisk(text: string, facts: SetupFacts): string {
  return facts.disks.find((disk) => disk.name === text || disk.serial === text || disk.aliases.includes(text))?.name ?? text
}

/** Where the dialogue starts with these answers. */
export function startPlace(applied: AppliedAnswers, facts: SetupFacts): 'summary' | 'confirm' | QuestionId {
  if (applied.complete) return applied.skipSummary ? 'confirm' : 'summary'
  return askedQuestions(viewOf(facts, applied.given, applied.texts))[0] ?? 'hostname'
}
