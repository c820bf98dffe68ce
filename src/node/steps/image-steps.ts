import { unpackImage } from '../images/unpack.ts'
import { readImageFacts } from '../images/operations.ts'
import { undoNothing, type ExecutorTable } from './executor.ts'

export const imageSteps: ExecutorTable<'image.unpack' | 'image.write' | 'image.remove'> = {
  // Undone with the dataset it fills.
  'image.unpack': { run: (step, context, parts) => unpackImage(step, context, parts), undo: undoNothing },
  'image.write': {
    run: async ({ image }, _context, parts) => parts.images.write(image.manifest.uuid, { ...image, facts: await readImageFacts(image.manifest.uuid, parts) }),
    undo: ({ image }, _context, parts) => parts.images.remove(image.manifest.uuid),
  },
  'image.remove': {
    run: ({ image }, _context, parts) => parts.images.remove(image.manifest.uuid),
    undo: ({ image }, _context, parts) => parts.images.write(image.manifest.uuid, image),
  },
}
