import { createFakeNetwork } from './network-fake.ts'
import { registerNetworkSuite } from './network.suite.ts'
import { silentLog } from './context.ts'

const context = { signal: new AbortController().signal, log: silentLog, now: () => new Date() }
let serial = 0

registerNetworkSuite('fake', async () => {
  const network = createFakeNetwork()
  return {
    network,
    context,
    createNetns: async () => `/fake/${serial++}/net`,
    readAddresses: async (netns, link) =>
      [...network.nics.values()].filter((one) => one.netns === netns && one.nic.interface === link).flatMap((one) => one.nic.addresses),
  }
})
