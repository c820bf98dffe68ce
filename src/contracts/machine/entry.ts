/**
 * Where the daemon notes, beside its socket, how root of this node enters a running zone: a JSON array of
 * argv to which the command is added. `zlogin UUID COMMAND` of a script reads it, and so needs no answer of
 * the daemon; whatever is not there, or not as simple, is asked of the daemon. Root's alone, as the socket.
 */
export function entryNotePath(runDir: string, uuid: string): string {
  return `${runDir}/enter/${uuid}.json`
}
