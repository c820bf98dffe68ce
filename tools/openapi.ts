import { z } from 'zod'
import { errorCodes } from '#contracts/errors.ts'
import { ImageManifest } from '#contracts/image/manifest.ts'
import { NicTagSchema } from '#contracts/node/routes.ts'
import { Operation } from '#contracts/operation/schema.ts'
import type { Route } from '#contracts/route.ts'

type Json = Record<string, unknown>

/** Schemas that many routes share; they get names in the document. */
const named = z.registry<{ id: string }>()
named.add(Operation, { id: 'Operation' })
named.add(ImageManifest, { id: 'ImageManifest' })
named.add(NicTagSchema, { id: 'NicTag' })

/** The OpenAPI 3.1 document of a set of routes. */
export function renderOpenapi(routes: readonly Route[], version: string): Json {
  const components: Json = { Error: errorSchema() }
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: renderRoute(route, components) }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Spirula node',
      version,
      description: 'The API of a node, on a unix socket that only root may open. Made from the route tables of src/contracts; do not edit.',
    },
    paths: sortKeys(paths),
    components: { schemas: sortKeys(components) },
  }
}

function renderRoute(route: Route, components: Json): Json {
  const parameters = [...renderParameters(route.params, 'path', components), ...renderParameters(route.query, 'query', components)]
  return {
    operationId: route.id,
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.request === undefined ? {} : { requestBody: { required: true, content: renderRequest(route.request, components) } }),
    responses: { ...renderAnswer(route, components), ...renderErrors(route) },
  }
}

function renderRequest(request: z.ZodType | 'bytes', components: Json): Json {
  if (request === 'bytes') return { 'application/octet-stream': {} }
  return { 'application/json': { schema: schemaOf(request, 'input', components) } }
}

function renderParameters(schema: z.ZodType | undefined, place: 'path' | 'query', components: Json): Json[] {
  if (schema === undefined) return []
  const object = schemaOf(schema, 'input', components) as { properties?: Record<string, Json>; required?: string[] }
  return Object.entries(object.properties ?? {}).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || (object.required ?? []).includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }))
}

function renderAnswer(route: Route, components: Json): Json {
  switch (route.answer) {
    case 'json':
      return {
        200: { description: 'Done', content: { 'application/json': { schema: route.body === undefined ? {} : schemaOf(route.body, 'output', components) } } },
      }
    case 'operation':
      components['Operation'] ??= schemaOf(Operation, 'output', components)
      return {
        200: { description: 'With follow=true: the events of the operation, a JSON document a line, to its end', content: { 'application/x-ndjson': {} } },
        202: {
          description: 'Accepted',
          content: {
            'application/json': { schema: { type: 'object', properties: { operation: { $ref: '#/components/schemas/Operation' } }, required: ['operation'] } },
          },
        },
      }
    case 'stream':
      return { 200: { description: 'A JSON document a line, until the client goes away', content: { 'application/x-ndjson': {} } } }
    case 'bytes':
      return { 200: { description: 'Raw bytes', content: { 'application/octet-stream': {} } } }
  }
}

/** One answer a status, naming the codes that come with it. */
function renderErrors(route: Route): Json {
  const byStatus = Map.groupBy(route.errors, (code) => errorCodes[code].status)
  const content = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } }
  return Object.fromEntries([...byStatus].map(([status, codes]) => [status, { description: codes.toSorted().join(', '), content }]))
}

function errorSchema(): Json {
  const text = { type: 'string' }
  return {
    type: 'object',
    required: ['code', 'message'],
    properties: {
      code: { type: 'string', enum: Object.keys(errorCodes).toSorted() },
      message: { ...text, description: 'A whole sentence for the person who asked' },
      hint: { ...text, description: 'The next thing to type' },
      details: { type: 'array', items: { type: 'object', required: ['path', 'message'], properties: { path: text, message: text } } },
      internal: { ...text, description: 'For operators of the node' },
      causes: { type: 'array', items: text, description: 'Messages of the causes, outermost first' },
    },
  }
}

/** JSON Schema of a Zod schema; named parts move to `components`. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', components: Json): Json {
  const made = z.toJSONSchema(schema, { io, metadata: named, unrepresentable: 'any', target: 'draft-2020-12' }) as Json
  const { $schema: _, $defs, ...rest } = JSON.parse(JSON.stringify(made).replaceAll('#/$defs/', '#/components/schemas/')) as Json
  for (const [name, part] of Object.entries(($defs ?? {}) as Record<string, Json>)) components[name] ??= withoutId(part)
  const id = named.get(schema)?.id
  if (id === undefined) return withoutId(rest)
  components[id] ??= withoutId(rest)
  return { $ref: `#/components/schemas/${id}` }
}

function withoutId({ id: _, $id: __, ...rest }: Json): Json {
  return rest
}

function sortKeys(object: Json): Json {
  return Object.fromEntries(Object.entries(object).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
