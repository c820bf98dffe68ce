/**
 * vmadm allows `%` in names of snapshots, ZFS does not; ZFS allows blanks, vmadm does not. So the one is written as the
 * other on the pool, and read back so.
 */
export function encodeSnapshot(snapshot: string): string {
  return snapshot.replaceAll('%', ' ')
}

export function decodeSnapshot(name: string): string {
  return name.replaceAll(' ', '%')
}
