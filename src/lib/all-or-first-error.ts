/** Waits for every one, also when one fails, then throws the first failure: what still runs could make things after the undoing. */
export async function allOrFirstError(tasks: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(tasks)) if (result.status === 'rejected') throw result.reason
}
