import { createNodeClient } from '#client/node-client.ts'
import { chooseTool } from './choose-tool.ts'
import type { Cli, ToolTable } from './command.ts'
import { isTerminal } from './is-terminal.ts'
import { createOutput } from './output.ts'
import { runTool } from './run-tool.ts'

/** Runs the tool of the table that the command line of this process means, and ends the process with its exit code. */
export async function runMain(tools: ToolTable, env: Cli['env']): Promise<number> {
  const socketPath = env['SPIRULA_SOCKET'] ?? '/run/spirula/daemon.sock'
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
    env,
  }
  const { name, words } = chooseTool(tools, process.argv[1] ?? '', process.argv.slice(2))
  const load = Object.hasOwn(tools, name) ? tools[name] : undefined
  if (load === undefined) {
    cli.err(`${name === '' ? 'Name a tool' : `There is no tool "${name}"`}: ${Object.keys(tools).join(', ')}.\n`)
    return 2
  }
  const { tool } = await load()
  return await runTool(tool, words, cli)
}
