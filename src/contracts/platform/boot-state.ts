import { z } from 'zod'

/**
 * - `ready`   the pool is there and its settings are applied: the daemon and guests start;
 * - `unset`   no system pool, or one without settings: the first-boot dialogue runs;
 * - `rescue`  asked for by the kernel argument `noimport`: no pool is touched;
 * - `standby` as `ready`, but asked for by `standby`: neither daemon nor guests start;
 * - `failed`  a pool is there and cannot be used; `reason` says why.
 */
export const bootStates = ['ready', 'unset', 'rescue', 'standby', 'failed'] as const
export type BootStateName = (typeof bootStates)[number]

/** One step of `spirula-boot start`: what it did, or why it could not. */
export const BootStep = z.object({
  name: z.string(),
  outcome: z.enum(['done', 'left', 'failed']),
  /** A sentence or a list of what was applied; '' when there is nothing to say. */
  detail: z.string(),
  duration_ms: z.int(),
})
export type BootStep = z.infer<typeof BootStep>

/** What came of the pool and its settings at this boot: `/run/spirula/boot.json`, written by `spirula-boot start`. */
export const BootState = z.object({
  state: z.enum(bootStates),
  /** Name of the system pool, when there is one that could be imported. */
  pool: z.string().optional(),
  /** Of `failed` and `unset`: a whole sentence. */
  reason: z.string().optional(),
  /** Of the running platform image; '' when its manifest is missing. */
  stamp: z.string(),
  /** What this boot came from: `disk`, `usb`, `iso`, `pxe`; '' when the loader did not say. */
  medium: z.string(),
  /** The image that failed its health checks, in whose place the loader booted this one. */
  failed_image: z.string().optional(),
  /** ISO 8601: when `start` began. */
  started_at: z.string(),
  hostname: z.string(),
  /** Links that carry the node's addresses, the admin one first; empty while every wired link asks for one. */
  links: z.array(z.string()),
  /** Paths of the private ssh keys of the host. */
  host_keys: z.array(z.string()),
  /** Sentences for the administrator: what could not be applied, what was done in its place. */
  problems: z.array(z.string()),
  steps: z.array(BootStep),
})
export type BootState = z.infer<typeof BootState>

/** Written by the health check into `/run/spirula/boot-times.json`: seconds from the kernel's start (CLOCK_BOOTTIME); null = not yet, or never. */
export const BootTimes = z.object({
  start_s: z.number().nullable(),
  ssh_s: z.number().nullable(),
  daemon_s: z.number().nullable(),
  first_guest_s: z.number().nullable(),
  all_guests_s: z.number().nullable(),
})
export type BootTimes = z.infer<typeof BootTimes>

/** What the health check found: `/run/spirula/health.json`, and, when it was bad, `/zones/var/log/spirula/health.json`. */
export const BootHealth = z.object({
  stamp: z.string(),
  healthy: z.boolean(),
  /** Whole sentences: why not. */
  reasons: z.array(z.string()),
  /** Sentences about machines that did not start through no fault of the platform. */
  notes: z.array(z.string()),
  guests: z.object({ running: z.int(), total: z.int() }),
  /** Whether the image was marked good, or the node reboots into the good one. */
  action: z.enum(['marked', 'none', 'reboot']),
  checked_at: z.string(),
})
export type BootHealth = z.infer<typeof BootHealth>

export const bootFiles = {
  times: '/run/spirula/boot-times.json',
  health: '/run/spirula/health.json',
  /** Empty file: the daemon may start. */
  ready: '/run/spirula/ready',
  nicTags: '/run/spirula/declared-nic-tags.json',
  /** Empty file: there is something to set up. */
  unset: '/run/spirula/unset',
  /** `SPIRULA_POOL=` and `SPIRULA_MOUNTPOINT=` for the daemon's unit. */
  environment: '/run/spirula/pool.env',
} as const

/** User properties of ZFS that the platform heeds, on the topmost dataset of the system pool. */
export const poolProperties = {
  /** `yes`: the pool is destroyed at the next boot that imports it. */
  factoryReset: 'org.spirula:factoryreset',
  serverUuid: 'org.spirula:server_uuid',
} as const
