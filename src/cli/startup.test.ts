import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { tools } from './tools.ts'

/** Loads the modules of a tool in a fresh process and prints what came with them. */
const probe = `
const { tools } = await import(process.argv[1])
const { tool } = await tools[process.argv[2]]()
await import(process.argv[3])
for (const entry of tool.root === undefined ? tool.commands : [tool.root]) await entry.load()
const loaded = process.moduleLoadList.map((name) => name.replace('NativeModule ', ''))
console.log(JSON.stringify({ http: loaded.includes('_http_client'), zod: globalThis.__zod_globalRegistry !== undefined }))
`

for (const name of Object.keys(tools)) {
  test(`${name} loads neither zod nor node:http`, () => {
    const urls = ['./tools.ts', '../client/node-client.ts'].map((path) => new URL(path, import.meta.url).href)
    const [toolsUrl = '', clientUrl = ''] = urls
    const result = spawnSync(process.execPath, ['--input-type=module', '-e', probe, toolsUrl, name, clientUrl], {
      encoding: 'utf8',
      cwd: fileURLToPath(new URL('.', import.meta.url)),
    })
    assert.equal(result.stderr, '')
    assert.deepEqual(JSON.parse(result.stdout), { http: false, zod: false })
  })
}
