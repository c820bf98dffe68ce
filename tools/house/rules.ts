import { basename, dirname } from 'node:path'
import { type Finding, type SourceFile, stripComments } from './source-file.ts'

/** A rule of the house that no ready linter has. `find` is pure. */
export interface HouseRule {
  name: string
  find: (files: readonly SourceFile[], root: string) => Finding[]
}

const isTest = (path: string): boolean => /\.(test|suite)\.ts$/.test(path)
const isProduct = (path: string): boolean => path.startsWith('src/') && path.endsWith('.ts') && !isTest(path)

const contentWriters = ['appendFile', 'copyFile', 'cp', 'createWriteStream', 'writeFile']
const treeChangers = [
  'chmod',
  'chown',
  'fchmod',
  'fchown',
  'ftruncate',
  'lchmod',
  'lchown',
  'link',
  'lutimes',
  'mkdir',
  'mkdtemp',
  'mkdtempDisposable',
  'rename',
  'rm',
  'rmdir',
  'symlink',
  'truncate',
  'unlink',
  'utimes',
]
const withSync = (names: string[]): Set<string> => new Set(names.flatMap((name) => [name, `${name}Sync`]))
const writersForHost = withSync(contentWriters)
const writersForOthers = withSync([...contentWriters, ...treeChangers])
const fsImport = /import\s+(?:type\s+)?([^'"]+?)\s+from\s+['"](?:node:)?fs(?:\/promises)?['"]/g

/**
 * State is written through src/host/fs, which is atomic and durable. The drivers below src/host may change the
 * tree (a dataset is a directory to them), but not write files either. A fake stands for a whole file system and keeps one.
 * The builders of images write trees that are thrown away when a build does not come to its end.
 */
function findFsWrites(files: readonly SourceFile[]): Finding[] {
  const watched = files.filter(({ path }) => isProduct(path) && !/^src\/(host\/fs|setup|image|platform\/build)\/|-fake\.ts$/.test(path))
  return watched.flatMap(({ path, text }) =>
    [...stripComments(text).matchAll(fsImport)].flatMap(([, clause]) => {
      if (!clause!.trim().startsWith('{')) return [{ path, message: `imports all of node:fs; name the functions, so that one sees they only read` }]
      const names = clause!
        .replace(/[{}\s]+/g, ' ')
        .split(',')
        .map((name) => name.trim().split(' as ')[0]!)
      const writers = path.startsWith('src/host/') ? writersForHost : writersForOthers
      return names
        .filter((name) => writers.has(name))
        .map((name) => ({ path, message: `imports ${name} of node:fs; files are written through src/host/fs only (atomic, fsynced)` }))
    }),
  )
}

/** What a program is told from outside enters in its main.ts and is handed on as arguments. */
function findProcessUse(files: readonly SourceFile[]): Finding[] {
  return files
    .filter(({ path }) => isProduct(path) && basename(path) !== 'main.ts')
    .flatMap(({ path, text }) =>
      [...stripComments(text).matchAll(/\bprocess\.(env|exit)\b/g)].map(([use]) => ({
        path,
        message: `uses ${use}; only main.ts files may: hand the value in, throw the error`,
      })),
    )
}

// Written in halves, so that this file passes its own rule.
const registryHosts = [
  'npmjs.|org',
  'npmjs.|com',
  'yarnpkg.|com',
  'deb.|debian.org',
  'security.|debian.org',
  'ftp.|debian.org',
  'snapshot.|debian.org',
  'archive.|ubuntu.com',
  'pypi.|org',
  'pythonhosted.|org',
  'crates.|io',
  'proxy.|golang.org',
  'ghcr.|io',
  'docker.|io',
].map((host) => host.replace('|', ''))

/** The mirror is whatever the builder's machine uses; a checkout may lie anywhere. */
function findForeignPlaces(files: readonly SourceFile[], root: string): Finding[] {
  const places = [...registryHosts.map((text) => ({ text, what: 'a registry host' })), { text: `${root}/`, what: 'the path of this checkout' }]
  return files.flatMap(({ path, text }) =>
    places
      .filter((place) => text.includes(place.text))
      .map((place) => ({ path, message: `names ${place.what} (${place.text}); take it from the machine's own configuration` })),
  )
}

/** Each layer has a map, short enough to be read. */
function findMissingReadmes(files: readonly SourceFile[]): Finding[] {
  const folders = new Set(files.filter(({ path }) => /^src\/[^/]+\/./.test(path)).map(({ path }) => path.split('/').slice(0, 2).join('/')))
  return [...folders].flatMap((folder) => {
    const readme = files.find(({ path }) => path === `${folder}/README.md`)
    if (readme === undefined) return [{ path: folder, message: 'has no README.md: what lives here, what it may import, what to read first, how to test it' }]
    const lines = readme.text.trimEnd().split('\n').length
    return lines > 30 ? [{ path: readme.path, message: `has ${lines} lines; a folder's README has at most 30` }] : []
  })
}

const vague = new Set(['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'manager', 'index'])

/** A file is named after the one thing inside. */
function findVagueNames(files: readonly SourceFile[]): Finding[] {
  return files
    .filter(({ path }) => /^(src|tools|test)\/.*\.ts$/.test(path))
    .flatMap(({ path }) => {
      const words = [basename(path).split('.')[0]!, ...dirname(path).split('/')]
      return words.filter((word) => vague.has(word)).map((word) => ({ path, message: `is called ${word}, which says nothing; name the one thing inside` }))
    })
}

/** Functions are declarations, types are unions, exports have names; what the linter cannot say. */
function findBannedForms(files: readonly SourceFile[]): Finding[] {
  const forms = [
    { pattern: /^export const \w+ = (async )?(\([^)]*\)|\w+)(: [^=]+)? =>/m, message: 'exports an arrow function; write a function declaration' },
    { pattern: /^\s*(export )?(const )?enum \w/m, message: 'has an enum; write a union of literals' },
    { pattern: /^export \* from/m, message: 'is a barrel; import the file that has the thing' },
  ]
  return files
    .filter(({ path }) => isProduct(path))
    .flatMap(({ path, text }) => forms.filter(({ pattern }) => pattern.test(stripComments(text))).map(({ message }) => ({ path, message })))
}

export const houseRules: readonly HouseRule[] = [
  { name: 'fs-writes', find: findFsWrites },
  { name: 'process-use', find: findProcessUse },
  { name: 'foreign-places', find: findForeignPlaces },
  { name: 'folder-readme', find: findMissingReadmes },
  { name: 'vague-names', find: findVagueNames },
  { name: 'banned-forms', find: findBannedForms },
]
