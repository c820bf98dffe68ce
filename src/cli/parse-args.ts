import { AppError } from '#contracts/errors.ts'
import type { Command, Input, Option } from './command.ts'
import { nearestOf } from '#lib/nearest.ts'

export interface Grammar {
  options: readonly Option[]
  rest_after?: number
}

interface State {
  args: string[]
  options: Map<string, string[]>
  words: readonly string[]
  next: number
}

/**
 * Options and arguments of a command line, in any order: `-Hpo a,b`, `-ob`, `--order a`, `--order=a`, `--`.
 * Throws Usage for unknown options, missing and unwanted values.
 */
export function parseWords(words: readonly string[], grammar: Grammar): Input {
  const state: State = { args: [], options: new Map(), words, next: 0 }
  while (state.next < words.length) {
    const word = words[state.next] ?? ''
    state.next += 1
    if (state.args.length >= (grammar.rest_after ?? Infinity)) state.args.push(word)
    else if (word === '--') {
      state.args.push(...words.slice(state.next))
      break
    } else if (word.startsWith('--')) parseLong(word, grammar, state)
    else if (word.startsWith('-') && word !== '-') parseShorts(word.slice(1), grammar, state)
    else state.args.push(word)
  }
  return { args: state.args, options: state.options }
}

function parseLong(word: string, grammar: Grammar, state: State): void {
  const equals = word.indexOf('=')
  const name = equals < 0 ? word.slice(2) : word.slice(2, equals)
  const option = grammar.options.find((candidate) => candidate.long === name)
  if (option === undefined) throw unknownOption(`--${name}`, grammar)
  if (option.value === undefined && equals >= 0) throw usage(`Option --${name} takes no value.`)
  addOption(option, equals < 0 ? undefined : word.slice(equals + 1), state)
}

function parseShorts(cluster: string, grammar: Grammar, state: State): void {
  for (let at = 0; at < cluster.length; at += 1) {
    const letter = cluster[at]
    const option = grammar.options.find((candidate) => candidate.short === letter)
    if (option === undefined) throw unknownOption(`-${letter}`, grammar)
    const rest = cluster.slice(at + 1)
    addOption(option, option.value === undefined || rest === '' ? undefined : rest, state)
    if (option.value !== undefined) return
  }
}

function addOption(option: Option, attached: string | undefined, state: State): void {
  const value = option.value === undefined ? '' : (attached ?? takeValue(option, state))
  state.options.set(option.long, [...(state.options.get(option.long) ?? []), value])
}

function takeValue(option: Option, state: State): string {
  const value = state.words[state.next]
  if (value === undefined) throw usage(`Option ${renderOptionName(option)} needs a value (${option.value}).`)
  state.next += 1
  return value
}

function unknownOption(typed: string, grammar: Grammar): AppError {
  const nearest = nearestOf(
    typed.replace(/^-+/, ''),
    grammar.options.map((option) => option.long),
  )
  return usage(`There is no option ${typed}.${nearest === null ? '' : ` Did you mean --${nearest}?`}`)
}

export function renderOptionName(option: Option): string {
  return option.short === undefined ? `--${option.long}` : `-${option.short}`
}

/** Throws Usage when arguments are missing or too many for the command. */
export function checkArguments(input: Input, command: Command): void {
  const missing = command.arguments[input.args.length]
  if (missing !== undefined && missing.optional === undefined) throw usage(missing.missing ?? `Missing argument ${missing.name}: ${missing.summary}.`)
  const last = command.arguments.at(-1)
  const extra = input.args[command.arguments.length]
  if (extra !== undefined && last?.many === undefined) throw usage(`Unexpected argument "${extra}".`)
}

export function usage(message: string): AppError {
  return new AppError('Usage', message)
}
