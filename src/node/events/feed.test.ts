import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { MachineEvent } from '#contracts/machine/event.ts'
import type { Machine } from '#contracts/machine/record.ts'
import { silentLog } from '#host/context.ts'
import { type Feed, openFeed } from './feed.ts'

const at = new Date('2026-11-23T00:00:00Z')

async function makeFeed(t: TestContext): Promise<{ feed: Feed; directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'feed-'))
  t.after(() => rm(directory, { recursive: true }))
  return { feed: await openFeed(directory, silentLog), directory }
}

function machine(state: string): Machine {
  return { uuid: 'u1', zonename: 'u1', state, nics: [] } as unknown as Machine // only what is compared
}

async function take(events: AsyncGenerator<MachineEvent>, count: number): Promise<MachineEvent[]> {
  const taken: MachineEvent[] = []
  for await (const event of events) if (taken.push(event) === count) break
  return taken
}

test('create, modify with exact changes, delete; nothing for nothing', async (t) => {
  const { feed } = await makeFeed(t)
  const events = feed.follow(undefined, new AbortController().signal, at)
  const taken = take(events, 4)
  await Promise.resolve()
  feed.publish('u1', machine('stopped'), at)
  feed.publish('u1', machine('stopped'), at)
  feed.publish('u1', machine('running'), at)
  feed.publish('u1', null, at)
  const [ready, create, modify, removed] = await taken
  assert.equal(ready?.type, 'ready')
  assert.deepEqual([create?.type, modify?.type, removed?.type], ['create', 'modify', 'delete'])
  assert.deepEqual(modify?.type === 'modify' && modify.changes, [
    { prettyPath: 'state', path: ['state'], action: 'changed', oldValue: 'stopped', newValue: 'running' },
  ])
  assert.deepEqual(
    [create, modify, removed].map((event) => event!.seq - ready.seq),
    [1, 2, 3],
  )
})

test('a follower resumes behind the number it saw last', async (t) => {
  const { feed } = await makeFeed(t)
  feed.publish('u1', machine('stopped'), at)
  const seen = feed.seq()
  feed.publish('u1', machine('running'), at)
  feed.publish('u1', machine('stopping'), at)
  const missed = await take(feed.follow(seen, new AbortController().signal, at), 2)
  assert.deepEqual(
    missed.map((event) => event.seq),
    [seen + 1, seen + 2],
  )
})

test('numbers grow over restarts, and a follower from before gets all anew', async (t) => {
  const { feed, directory } = await makeFeed(t)
  feed.publish('u1', machine('stopped'), at)
  const before = feed.seq()
  const again = await openFeed(directory, silentLog)
  assert.ok(again.seq() >= before)
  again.publish('u1', machine('stopped'), at)
  assert.ok(again.seq() > before)
  const [first] = await take(again.follow(before, new AbortController().signal, at), 1)
  assert.equal(first?.type, 'ready')
})
