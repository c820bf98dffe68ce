// Runs in a node whose power is about to be cut: machines are made, changed, photographed, taken back and deleted, one a
// lane and several lanes at a time, until it ends with the machine. `load.mjs IMAGE_UUID LANES`; a line on standard output for each thing begun.
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

/** A line when it is begun, another when the daemon has said that it is done: from then on it must last. */
async function act(what, machine, [method, path, body]) {
  console.log(`${what} ${machine}`)
  const { status, text } = await call(method, `${path}?follow=true`, body)
  const refused = status >= 400 || text.includes('"type":"failed"')
  console.log(refused ? `refused ${what} ${machine}: ${text.slice(-300)}` : `done ${what} ${machine}`)
}

/** Begins with a machine of an earlier round where there is one: under emulation there is no time for a whole life before the cut. */
async function live(lane, machine) {
  let snapshot = null
  for (let round = 0; ; round += 1) {
    const path = `/machines/${machine}`
    const what = machine === undefined ? 'create' : ['update', 'snapshot', snapshot === null ? 'snapshot' : 'rollback', 'delete'][Math.floor(Math.random() * 4)]
    if (what === 'create') {
      machine = `load-${started}-${lane}-${round}`
      const wishes = { brand: 'lx', alias: machine, image_uuid: image, max_physical_memory: 64, quota: 1, autoboot: Math.random() < 0.5 }
      await act('create', machine, ['POST', '/machines', wishes])
    } else if (what === 'update') {
      await act('update', machine, ['PATCH', path, { max_physical_memory: 96 + round, customer_metadata: { round: String(round) } }])
    } else if (what === 'snapshot') {
      snapshot = `at-${started}-${round}`
      await act('snapshot', machine, ['POST', `${path}/snapshots`, { name: snapshot }])
    } else if (what === 'rollback') {
      await act('rollback', machine, ['POST', `${path}/snapshots/${snapshot}/rollback`, {}])
    } else {
      await act('delete', machine, ['DELETE', path])
      machine = undefined
      snapshot = null
    }
  }
}

const { text } = await call('GET', '/machines')
const kept = JSON.parse(text).map(({ uuid }) => uuid)
await Promise.all(Array.from({ length: lanes }, (_, lane) => live(lane, kept[lane])))
