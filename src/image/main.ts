import { silentLog } from '#host/context.ts'
import { ensureImageFile } from './ensure.ts'
import { busybox } from './profiles/busybox.ts'
import { debian13 } from './profiles/debian-13.ts'
import { debian13CloudInit } from './profiles/debian-13-cloud-init.ts'
import { joyent13 } from './profiles/joyent-13.ts'
import { userland13 } from './profiles/userland-13.ts'

// `node src/image/main.ts [NAME…] [--cache DIRECTORY]`: builds the images and prints where they are, a JSON line each.
const recipes = [busybox, debian13, debian13CloudInit, joyent13, userland13]
const args = process.argv.slice(2)
const at = args.indexOf('--cache')
const cache = at < 0 ? '/var/cache/spirula/images' : args.splice(at, 2)[1]!
const wanted = recipes.filter((recipe) => args.length === 0 || args.includes(recipe.name))
const controller = new AbortController()
process.once('SIGINT', () => controller.abort())
const context = { signal: controller.signal, log: silentLog, now: () => new Date() }
for (const recipe of wanted) {
  const started = Date.now()
  const { manifest, file } = await ensureImageFile(recipe, cache, context)
  console.log(JSON.stringify({ name: recipe.name, uuid: manifest.uuid, file, size: manifest.files?.[0]?.size, ms: Date.now() - started }))
}
