import { machineRoutes } from '#contracts/machine/routes.ts'
import { nodeRoutes } from '#contracts/node/routes.ts'
import type { Route } from '#contracts/route.ts'
import type { RouteId } from './handler.ts'

/** Every route of the node's API. */
export const routes: readonly (Route & { id: RouteId })[] = [...machineRoutes, ...nodeRoutes]
