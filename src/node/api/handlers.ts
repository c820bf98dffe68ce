import type { Handler, RouteId } from './handler.ts'
import { imageHandlers } from './image-handlers.ts'
import { machineHandlers } from './machine-handlers.ts'
import { nodeHandlers } from './node-handlers.ts'

/** One handler a route, complete by type. */
export const handlers: Record<RouteId, Handler> = { ...machineHandlers, ...imageHandlers, ...nodeHandlers }
