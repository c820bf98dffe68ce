import { AppError } from '#contracts/errors.ts'
export function receiveMachine(..._: unknown[]): never {
  throw new AppError('NotSupported', 'wip')
}
export function installMachineRequest(..._: unknown[]): never {
  throw new AppError('NotSupported', 'wip')
}
