import { command } from '../bench/command.ts'

/** Writes an ext4 file system of a tree into a sparse file, without mounting anything. */
export async function createDisk(file: string, tree: string, { label, size }: { label: string; size: string }): Promise<void> {
  await command(['mkfs.ext4', '-q', '-F', '-L', label, '-d', tree, file, size])
}
