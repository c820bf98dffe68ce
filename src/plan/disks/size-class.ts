// Steps, in MB, at which makers sell disks, from coarse to fine.
const gridsMb = [500_000, 150_000, 80_000, 20_000, 4500, 1000]
const tolerance = 0.05

/**
 * Size of a disk in GB as its maker would name it, so that disks sold as the same size count as one kind although
 * their bytes differ. Of the grids that have a step within 5 %, a coarse one whose step is a small multiple wins over
 * a fine one. A size near no step is rounded to whole GB: below half a GB that is 0, a disk not worth using.
 */
export function readSizeClass(bytes: number): number {
  const mb = bytes / 1_000_000
  const steps = gridsMb
    .map((grid) => {
      const multiple = Math.floor((mb + Math.floor(grid / 2)) / grid)
      const step = multiple * grid
      return { step, badness: (mb - step) ** 2 * multiple ** 4 }
    })
    .filter(({ step }) => Math.abs(mb - step) / mb < tolerance)
  const best = steps.reduce<(typeof steps)[number] | null>((least, found) => (least === null || found.badness < least.badness ? found : least), null)
  return best === null ? Math.round(mb / 1000) : best.step / 1000
}

/** Whether two size classes are so near that their disks may stand in for each other. */
export function isSameSize(gb: number, other: number): boolean {
  return Math.abs(gb - other) / other <= tolerance
}
