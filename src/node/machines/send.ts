import { AppError } from '#contracts/errors.ts'
export function sendMachine(..._: unknown[]): never {
  throw new AppError('NotSupported', 'wip')
}
