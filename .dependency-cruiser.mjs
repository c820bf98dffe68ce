// Who may import whom (docs/adr/0011-import-arrows.md). Each message says where the code belongs.
const tests = '\\.(test|suite)\\.ts$'
const pureCore = ['assert', 'buffer', 'crypto', 'net', 'path', 'url', 'util'].flatMap((name) => [`^(node:)?${name}$`, `^(node:)?${name}/`])

/** A folder of src may import only these other folders (or files) of src. */
function arrow(folder, allowed, comment) {
  return {
    name: `arrow-${folder}`,
    comment,
    severity: 'error',
    from: { path: `^src/${folder}/`, pathNot: tests },
    to: { path: '^(src|tools|test)/', pathNot: [`^src/${folder}/`, ...allowed.map((path) => `^src/${path}`)] },
  }
}

/** A package of npm may be imported below these folders only. */
function onlyIn(packageName, folders) {
  return {
    name: `only-in-${packageName}`,
    comment: `${packageName} is imported in ${folders.join(', ')} only; put what needs it there and call that.`,
    severity: 'error',
    from: { path: '^(src|test)/', pathNot: folders.map((folder) => `^${folder}/`) },
    to: { path: `node_modules/${packageName}/`, dependencyTypesNot: ['type-only'] },
  }
}

export default {
  forbidden: [
    arrow('contracts', [], 'contracts is the shared language and imports zod only. Code that knows more belongs to plan, node or client.'),
    arrow('lib', [], 'lib knows none of our nouns and imports nothing of ours. Code with nouns belongs to plan or contracts.'),
    arrow('plan', ['contracts/', 'lib/'], 'plan decides; what it needs to know is handed in as facts. Reading or changing belongs to host and node.'),
    arrow('host', ['contracts/', 'lib/'], 'host touches Linux and decides nothing. Decisions belong to plan, order and undo to node.'),
    arrow('node', ['plan/', 'host/', 'contracts/', 'lib/'], 'The daemon is made of plan and host. Code shared with programs outside belongs to contracts or lib.'),
    arrow('client', ['contracts/'], 'client calls routes and knows contracts only.'),
    arrow('cli', ['client/', 'contracts/', 'lib/'], 'A command asks the daemon through client; what it wants to do itself belongs to node.'),
    arrow('image', ['host/run/', 'host/fs/', 'host/context.ts', 'contracts/', 'lib/'], 'The image builder uses the doors to programs and files and nothing else of a node.'),
    arrow('boot', ['plan/', 'host/', 'client/', 'cli/', 'contracts/', 'lib/'], 'What runs at boot is made of plan and host, and talks to the daemon through client.'),
    arrow('platform', ['image/', 'boot/tools.ts', 'cli/tools.ts', 'host/run/', 'host/fs/', 'host/context.ts', 'contracts/', 'lib/'], 'The platform builder works on files and trees; what runs on a node belongs to boot and node.'),
    arrow('setup', ['image/', 'client/', 'host/run/', 'host/fs/', 'host/context.ts', 'contracts/', 'lib/'], 'Setup prepares a machine and then asks the daemon through client.'),
    {
      name: 'program-imported',
      comment: 'A program is started, never imported: move the shared part out of its main.ts.',
      severity: 'error',
      from: {},
      to: { path: '^src/[^/]+/main\\.ts$' },
    },
    {
      name: 'pure-core',
      comment: 'contracts and plan have no clock, no files and no network: the caller reads and hands in the facts.',
      severity: 'error',
      from: { path: '^src/(contracts|plan)/', pathNot: tests },
      to: { dependencyTypes: ['core'], dependencyTypesNot: ['type-only'], pathNot: pureCore },
    },
    {
      name: 'pure-lib',
      comment: 'lib works on values and streams of bytes that are handed in; what opens files or sockets belongs to host.',
      severity: 'error',
      from: { path: '^src/lib/', pathNot: tests },
      to: { dependencyTypes: ['core'], dependencyTypesNot: ['type-only'], pathNot: [...pureCore, '^(node:)?stream$'] },
    },
    {
      name: 'spawn-door',
      comment: 'Programs are started through src/host/run only: it builds the environment, sets limits, kills the tree, logs.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/host/run/', '^src/setup/detached\\.ts$', tests] },
      to: { dependencyTypes: ['core'], path: '^(node:)?(child_process|cluster)$' },
    },
    {
      name: 'thin-cli',
      comment: 'A command must start in 40 ms: no HTTP stack and no schema library at run time (docs/adr/0009-thin-cli.md).',
      severity: 'error',
      from: { path: '^src/(cli|client)/', pathNot: tests },
      to: { path: ['^(node:)?(http|https|http2)$', 'node_modules/(zod|fastify|pino)/'], dependencyTypesNot: ['type-only'] },
    },
    onlyIn('fastify', ['src/node']),
    onlyIn('pino', ['src/node']),
    onlyIn('zod', ['src/contracts', 'src/host', 'src/node', 'test']),
    { name: 'no-cycles', comment: 'Two files that need each other share a third.', severity: 'error', from: { path: '^(src|tools|test)/' }, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'test-imported', comment: 'Nothing but tests imports tests.', severity: 'error', from: { path: '^src/', pathNot: tests }, to: { path: ['\\.test\\.ts$', '^test/'] } },
    { name: 'unresolved', comment: 'The import finds nothing.', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|build)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { conditionNames: ['import', 'node', 'default', 'types'], extensions: ['.ts', '.js', '.mjs'] },
  },
}
