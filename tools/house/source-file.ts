import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** A file of the repository that git tracks or would track. */
export interface SourceFile {
  /** Relative to the root, with slashes. */
  path: string
  text: string
}

/** What a house rule has to say about one place. */
export interface Finding {
  path: string
  message: string
}

/** All text files of the checkout; binary ones (with a NUL) are left out. */
export function readSourceFiles(root: string): SourceFile[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20 })
  return listed.split('\0').flatMap((path) => {
    if (path === '' || !statSync(join(root, path), { throwIfNoEntry: false })?.isFile()) return []
    const text = readFileSync(join(root, path), 'utf8')
    return text.includes('\0') ? [] : [{ path, text }]
  })
}

/** The text without its comments; strings stay. Good enough for rules that look for words of code. */
export function stripComments(text: string): string {
  return text.replace(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    (_, string: string | undefined) => string ?? '',
  )
}
