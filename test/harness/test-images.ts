/** The small image every test node has: static busybox whose init only waits. */
export const testImage = 'b0000000-0000-4000-8000-00000000b0b0'
/** The same tree under another UUID, for reprovision. */
export const otherImage = 'b0000000-0000-4000-8000-00000000b0b1'
