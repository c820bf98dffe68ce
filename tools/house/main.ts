import { join } from 'node:path'
import { houseRules } from './rules.ts'
import { readSourceFiles } from './source-file.ts'

// `node tools/house/main.ts`: what no ready linter checks; see rules.ts.
const root = join(import.meta.dirname, '../..')
const files = readSourceFiles(root)
const findings = houseRules.flatMap((rule) => rule.find(files, root).map((finding) => `${finding.path}: ${finding.message} [${rule.name}]`))
for (const finding of findings) console.error(finding)
if (files.length === 0) console.error('No file was seen: is this a git checkout?')
process.exitCode = findings.length === 0 && files.length > 0 ? 0 : 1
console.log(`${files.length} files, ${findings.length} findings`)
