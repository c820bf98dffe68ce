import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { NodeClient } from '#client/node-client.ts'
import type { OperationEvent } from '#contracts/operation/schema.ts'
import { ensureBundledImages } from './ensure-bundled.ts'

const uuidOf = (digit: string): string => `a0000000-0000-4000-8000-00000000000${digit}`

test('what the pool has not got is installed; what is broken is told of and holds up nothing', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bundled-'))
  try {
    const write = (name: string, uuid: string): Promise<void> =>
      writeFile(join(directory, `${name}.json`), JSON.stringify({ v: 2, uuid, name, version: '1', type: 'zone-dataset', os: 'linux' }))
    await write('here', uuidOf('1'))
    await write('new', uuidOf('2'))
    await write('raced', uuidOf('3'))
    await write('torn', uuidOf('4'))
    await writeFile(join(directory, 'bad.json'), '{')
    const asked: unknown[] = []
    const node: Pick<NodeClient, 'json' | 'follow'> = {
      json: async <T>() => [{ manifest: { uuid: uuidOf('1') } }] as T,
      async *follow(_id, input) {
        const { manifest, file } = input!.json as { manifest: { uuid: string }; file: string }
        asked.push(file.slice(directory.length + 1))
        const code = manifest.uuid === uuidOf('3') ? 'ImageExists' : manifest.uuid === uuidOf('4') ? 'ImageInvalid' : null
        yield (code === null ? { type: 'done' } : { type: 'failed', error: { code, message: 'The file is torn.' } }) as OperationEvent
      },
    }
    const said = await ensureBundledImages(node, directory)
    assert.deepEqual(asked, ['new.tar.zst', 'raced.tar.zst', 'torn.tar.zst'])
    assert.equal(said.length, 3)
    assert.match(said[0]!, /^The image of bad\.json could not be installed: /)
    assert.equal(said[1], `Image new (${uuidOf('2')}) of this platform is installed.`)
    assert.match(said[2]!, /^The image of torn\.json could not be installed: The file is torn\./)
    assert.deepEqual(await ensureBundledImages(node, join(directory, 'none')), [])
  } finally {
    await rm(directory, { recursive: true })
  }
})
