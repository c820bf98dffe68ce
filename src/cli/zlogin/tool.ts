import type { Tool } from '../command.ts'
import { renderFailure } from '../vmadm/tool.ts'

export const tool: Tool = {
  name: 'zlogin',
  summary: 'Enters a running zone',
  commands: [],
  root: { name: 'zlogin', summary: 'Enters a running zone', load: () => import('./enter.ts') },
  renderFailure: (failure) => (failure.code === 'Usage' ? `zlogin: ${failure.message}` : renderFailure(failure)),
}
