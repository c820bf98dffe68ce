#!/usr/bin/env node
import { createNodeClient } from '#client/node-client.ts'
import type { Cli } from './command.ts'
import { isTerminal } from './is-terminal.ts'
import { createOutput } from './output.ts'
import { runTool } from './run-tool.ts'
import { chooseTool, tools } from './tools.ts'

const socketPath = process.env['SPIRULA_SOCKET'] ?? '/run/spirula/daemon.sock'

const cli: Cli = {
  node: createNodeClient(socketPath),
  socketPath,
  toolOptions: new Map(),
  out: createOutput(1),
  err: createOutput(2),
  isTerminal,
  terminalWidth: () => process.stderr.columns || 80,
  onInterrupt(listener) {
    process.on('SIGINT', listener)
    return () => process.off('SIGINT', listener)
  },
  env: process.env,
}

const { name, words } = chooseTool(process.argv[1] ?? '', process.argv.slice(2))
const load = Object.hasOwn(tools, name) ? tools[name] : undefined
if (load === undefined) {
  cli.err(`${name === '' ? 'Name a tool' : `There is no tool "${name}"`}: ${Object.keys(tools).join(', ')}.\n`)
  process.exit(2)
}
// No await at the top: the bundle is CommonJS, which Node starts 5 ms sooner.
void load()
  .then(({ tool }) => runTool(tool, words, cli))
  .then((code) => process.exit(code))
