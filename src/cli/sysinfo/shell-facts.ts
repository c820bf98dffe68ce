/**
 * Facts as assignments a shell can read: `Live_Image='…'`. Keys of nested objects are joined
 * (`Network_Interfaces_eth0_MAC_Address`), lists become comma lists.
 */
export function renderShellFacts(facts: Record<string, unknown>): string {
  return renderLines(facts, '').join('')
}

function renderLines(facts: Record<string, unknown>, prefix: string): string[] {
  return Object.entries(facts).flatMap(([key, value]) => {
    const name = `${prefix}${key.replaceAll(/[^A-Za-z0-9_]/g, '_')}`
    if (isObject(value)) return renderLines(value, `${name}_`)
    return [`${name}='${renderValue(value).replaceAll("'", "'\\''")}'\n`]
  })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function renderValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(renderValue).join(',')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
