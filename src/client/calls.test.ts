import assert from 'node:assert/strict'
import { test } from 'node:test'
import { machineRoutes } from '#contracts/machine/routes.ts'
import { nodeRoutes } from '#contracts/node/routes.ts'
import { calls, renderCall } from './calls.ts'

test('the calls are the routes of the node, neither more nor less', () => {
  const routes = Object.fromEntries([...machineRoutes, ...nodeRoutes].map((route) => [route.id, `${route.method} ${route.path}`]))
  assert.deepEqual({ ...calls }, routes)
})

test('parts of a path and of a query are encoded', () => {
  assert.deepEqual(renderCall('snapshot.delete', { params: { name: 'a/b c', snapshot: '50%' } }), {
    method: 'DELETE',
    path: '/machines/a%2Fb%20c/snapshots/50%25',
  })
  const query = { fields: 'uuid,alias', filter: ['tags.a=b&c', 'x=~y'], missing: undefined, follow: true }
  assert.equal(renderCall('machine.list', { query }).path, '/machines?fields=uuid%2Calias&filter=tags.a%3Db%26c&filter=x%3D~y&follow=true')
})
