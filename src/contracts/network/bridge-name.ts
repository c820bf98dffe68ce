/**
 * Name of the bridge of a nic tag: `br-TAG` when the kernel's 15 characters hold it, else `br-` and eight
 * hex digits of a hash of the tag. The hash (FNV-1a) needs no strength: a clash is found when the tag is added.
 */
export function bridgeName(tag: string): string {
  const plain = `br-${tag}`
  return plain.length <= 15 && !tag.includes('/') ? plain : `br-${hashOf(tag)}`
}

/** The bridge's own MAC when no hardware gives it one: fixed, so that it does not follow the ports that come and go. */
export function bridgeMac(tag: string): string {
  return `02:53:${hashOf(tag).match(/../g)!.join(':')}`
}

function hashOf(text: string): string {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash.toString(16).padStart(8, '0')
}
