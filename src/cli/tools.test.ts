import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Command, CommandEntry, Tool } from './command.ts'
import { renderBashCompletion, renderZshCompletion } from './render-completion.ts'
import { renderCommandHelp, renderToolHelp } from './render-help.ts'
import { renderManPage } from './render-man.ts'
import { renderReferencePage } from './render-reference.ts'
import { chooseTool } from './choose-tool.ts'
import { tools } from './tools.ts'

async function loadAll(): Promise<{ tool: Tool; entry: CommandEntry; command: Command }[]> {
  const found = []
  for (const load of Object.values(tools)) {
    const { tool } = await load()
    for (const entry of tool.root === undefined ? tool.commands : [tool.root]) found.push({ tool, entry, command: (await entry.load()).command })
  }
  return found
}

const all = await loadAll()

test('every tool goes by its own name', async () => {
  for (const [name, load] of Object.entries(tools)) assert.equal((await load()).tool.name, name)
})

for (const { tool, entry, command } of all) {
  const name = `${tool.name} ${entry.name}`
  test(`${name}: names and options are said once, sentences have no full stop`, () => {
    const shorts = command.options.flatMap((option) => option.short ?? [])
    const longs = command.options.map((option) => option.long)
    assert.equal(new Set(shorts).size, shorts.length)
    assert.equal(new Set(longs).size, longs.length)
    const summaries = [entry, ...command.options, ...command.arguments, ...command.examples].map((value) => value.summary)
    assert.deepEqual(
      summaries.filter((summary) => summary === '' || summary.endsWith('.')),
      [],
    )
  })

  test(`${name}: optional arguments come last, only the last is many`, () => {
    const firstOptional = command.arguments.findIndex((argument) => argument.optional)
    if (firstOptional >= 0) assert.ok(command.arguments.slice(firstOptional).every((argument) => argument.optional))
    assert.ok(command.arguments.slice(0, -1).every((argument) => argument.many === undefined))
  })

  test(`${name}: help shows all of it within 100 columns`, () => {
    const help = renderCommandHelp(tool, entry, command)
    for (const option of command.options) assert.ok(help.includes(`--${option.long}`))
    for (const example of command.examples) assert.ok(help.includes(example.command))
    assert.ok(command.examples.length > 0)
    const long = help.split('\n').filter((line) => line.length > 100)
    assert.deepEqual(long, [])
  })
}

test('names and aliases of commands are unique within a tool', async () => {
  for (const load of Object.values(tools)) {
    const names = (await load()).tool.commands.flatMap((entry) => [entry.name, ...(entry.aliases ?? [])])
    assert.equal(new Set(names).size, names.length)
  }
})

test('manual, reference and completion name every command and option', async () => {
  for (const load of Object.values(tools)) {
    const { tool } = await load()
    const man = (await renderManPage(tool, '1')).replaceAll('\\-', '-')
    const reference = await renderReferencePage(tool)
    const completion = await renderBashCompletion(tool)
    for (const { entry, command } of all.filter((one) => one.tool === tool)) {
      for (const word of [entry.name, ...command.options.map((option) => `--${option.long}`)]) {
        assert.ok(
          [man, reference, completion].every((text) => text.includes(word)),
          `${tool.name}: ${word}`,
        )
      }
    }
    assert.ok((await renderZshCompletion(tool)).startsWith(`#compdef ${tool.name}\n`))
  }
})

test('help of a tool lists its commands', async () => {
  const { tool } = await tools['vmadm']!()
  assert.match(renderToolHelp(tool), /^ {2}start, boot +Starts a machine$/m)
})

test('the tool is chosen by the name of the program, else by the first word', () => {
  assert.deepEqual(chooseTool(tools, '/usr/sbin/vmadm', ['list']), { name: 'vmadm', words: ['list'] })
  assert.deepEqual(chooseTool(tools, '/x/main.ts', ['zlogin', 'u']), { name: 'zlogin', words: ['u'] })
  assert.deepEqual(chooseTool(tools, '/x/main.ts', []), { name: '', words: [] })
})
