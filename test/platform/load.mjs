// Runs in a node whose power is about to be cut: machines are made, changed, photographed, taken back and deleted, several
// at a time, until it ends with the machine. `load.mjs IMAGE_UUID LANES`; a line on standard output for each thing begun.
import { request } from 'node:http'

const [image, lanes] = [process.argv[2], Number(process.argv[3])]
const started = Date.now()

/** @returns {Promise<{ status: number, text: string }>} */
function call(method, path, body) {
  const { promise, resolve, reject } = Promise.withResolvers()
  const outgoing = request({ socketPath: '/run/spirula/daemon.sock', method, path, headers: { 'content-type': 'application/json' } }, (answer) => {
    let text = ''
    answer.on('data', (chunk) => (text += chunk))
    answer.on('end', () => resolve({ status: answer.statusCode, text }))
  })
  outgoing.on('error', reject)
  outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  return promise
}

async function live(lane) {
  for (let round = 0; ; round += 1) {
    const alias = `load-${started}-${lane}-${round}`
    const step = async (what, method, path, body) => {
      console.log(`${what} ${alias}`)
      const { status, text } = await call(method, `${path}?follow=true`, body)
      if (status >= 400 || text.includes('"type":"failed"')) console.log(`refused ${what} ${alias}: ${text.slice(-300)}`)
    }
    await step('create', 'POST', '/machines', { brand: 'lx', alias, image_uuid: image, max_physical_memory: 64, quota: 1, autoboot: round % 2 === 0 })
    await step('update', 'PATCH', `/machines/${alias}`, { max_physical_memory: 96, customer_metadata: { round: String(round) } })
    await step('snapshot', 'POST', `/machines/${alias}/snapshots`, { name: 'one' })
    await step('rollback', 'POST', `/machines/${alias}/snapshots/one/rollback`, {})
    if (round % 3 !== 0) await step('delete', 'DELETE', `/machines/${alias}`)
  }
}

await Promise.all(Array.from({ length: lanes }, (_, lane) => live(lane)))
