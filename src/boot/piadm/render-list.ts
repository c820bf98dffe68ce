import { decideBoot } from '#plan/boot/decide.ts'
import { isGivenUp } from '#plan/boot/refusals.ts'
import type { RunningPlatform } from './boot-host.ts'
import { nextStamps, type Survey, wholeOf } from './survey.ts'

/** One platform image, as `piadm list` shows it. */
export interface ListedImage {
  stamp: string
  /** Whether the pool has it whole. */
  stored: boolean
  /** Boot file systems that have it whole. */
  on: string[]
  now: boolean
  next: boolean
  good: boolean
  /** `default`, or with boots left: `trial`; given up: `failed`. */
  state: 'default' | 'trial' | 'failed' | null
  tries: number
}

export function listImages(survey: Survey, running: RunningPlatform): ListedImage[] {
  const stamps = new Set([...wholeOf(survey.store), ...survey.devices.flatMap(({ images }) => wholeOf(images))])
  const next = nextStamps(survey)
  return [...stamps].toSorted().map((stamp) => {
    const with_it = survey.devices.filter(({ images }) => wholeOf(images).includes(stamp))
    return {
      stamp,
      stored: wholeOf(survey.store).includes(stamp),
      on: with_it.map(({ device }) => device.path),
      now: stamp === running.stamp,
      next: next.includes(stamp),
      ...marksOf(survey, stamp),
    }
  })
}

function marksOf(survey: Survey, stamp: string): Pick<ListedImage, 'good' | 'state' | 'tries'> {
  const disks = survey.devices.filter(({ device }) => device.kind === 'disk')
  const named = disks.find(({ environment }) => environment.default === stamp)
  const good = disks.some(({ environment }) => environment.good === stamp)
  if (named === undefined) return { good, state: null, tries: 0 }
  const { environment, images } = named
  if (isGivenUp(environment, stamp)) return { good, state: 'failed', tries: 0 }
  return decideBoot(environment, wholeOf(images)).counted ? { good, state: 'trial', tries: environment.tries } : { good, state: 'default', tries: 0 }
}

export const listHeaders = ['PI STAMP', 'BOOTABLE FILESYSTEM', 'BOOT IMAGE', 'NOW', 'NEXT'] as const

/** Cells of `piadm list`, in SmartOS's columns. BOOT IMAGE tells what the boot menu makes of it. */
export function renderRow(image: ListedImage, pool: string): string[] {
  const place = image.stored ? `${pool}/boot` : image.on.length > 0 ? image.on.join(',') : '-'
  return [image.stamp, place, renderState(image), image.now ? 'yes' : 'no', image.next ? 'yes' : 'no']
}

function renderState({ state, tries, good, on }: ListedImage): string {
  if (state === 'trial') return `trial:${tries}`
  if (state === 'failed') return 'failed'
  if (good) return 'good'
  return state ?? (on.length > 0 ? 'available' : 'none')
}
