import type { BootEnvironment } from '#contracts/platform/boot-environment.ts'
import { readEnvironmentBlock } from '#host/boot/environment.ts'
import { type ImageDirectory, readFreeBytes, readImages } from '#host/boot/images.ts'
import type { BootDevice } from '#host/boot/parse.ts'
import { decideBoot } from '#plan/boot/decide.ts'
import { parseEnvironment } from '#plan/boot/environment.ts'
import type { BootHost } from './boot-host.ts'

/** A boot file system as it is. */
export interface DeviceState {
  device: BootDevice
  environment: BootEnvironment
  images: ImageDirectory[]
  freeBytes: number
  /** Why it could not be read; the rest is empty then. */
  problem: string | null
}

/** All images of a machine and where they are. */
export interface Survey {
  store: ImageDirectory[]
  devices: DeviceState[]
}

/** Reads everything. A device that cannot be read says so. Under the lock. */
export async function readSurvey(host: BootHost): Promise<Survey> {
  const store = host.store === null ? [] : await readImages(host.store)
  const devices: DeviceState[] = []
  for (const device of await host.devices()) devices.push(await readDevice(host, device))
  return { store, devices }
}

async function readDevice(host: BootHost, device: BootDevice): Promise<DeviceState> {
  const nothing = { device, environment: { tries: 0 }, images: [], freeBytes: 0 }
  if (!device.formatted) return { ...nothing, problem: 'it has no boot file system yet' }
  return await host.open(device, false, (root) => readRoot(root, device)).catch((error: Error) => ({ ...nothing, problem: sentenceOf(error) }))
}

/** The state of a boot file system that is mounted. */
export async function readRoot(root: string, device: BootDevice): Promise<DeviceState> {
  const { environment } = parseEnvironment(await readEnvironmentBlock(root))
  return { device, environment, images: await readImages(root), freeBytes: await readFreeBytes(root), problem: null }
}

/** Message of an error and of its causes, as one line. */
export function sentenceOf(error: unknown): string {
  const parts: string[] = []
  for (let at: unknown = error; at instanceof Error && parts.length < 5; at = at.cause) parts.push(at.message)
  return parts.join(' ').replaceAll(/\s+/g, ' ')
}

/** Environments of the boot file systems that this node is started from: its disks, and the medium it runs from. */
export function environmentsOf(survey: Survey): BootEnvironment[] {
  return survey.devices.filter(({ device, problem }) => problem === null && device.kind !== 'iso').map(({ environment }) => environment)
}

/** What each disk would boot next. */
export function nextStamps(survey: Survey): string[] {
  const disks = survey.devices.filter(({ device, problem }) => problem === null && device.kind === 'disk')
  const next = disks.map(({ environment, images }) => decideBoot(environment, wholeOf(images)).stamp)
  return [...new Set(next.filter((stamp) => stamp !== null))]
}

export function wholeOf(images: readonly ImageDirectory[]): string[] {
  return images.filter((image) => image.whole).map((image) => image.stamp)
}
