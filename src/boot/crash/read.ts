import { join } from 'node:path'
import { AppError } from '#contracts/errors.ts'
import { listDirectory, readTextFile, removeFile } from '#host/fs/atomic.ts'
import { crashTime, findFirstLine, isCrashFile } from '#plan/crash/dumps.ts'
import { crashPlaces } from './places.ts'

/** The log of one death of the kernel, kept on the pool. */
export interface Crash {
  file: string
  /** ISO 8601. */
  at: string
  /** The line that says what went wrong, at most 200 printable characters. */
  first_line: string
}

/** Crashes that nobody has cleared yet, oldest first; [] without a pool. Never throws for what a single file holds. */
export async function readCrashes(directory = crashPlaces.directory): Promise<Crash[]> {
  const names = (await listDirectory(directory)).filter(isCrashFile).toSorted()
  return await Promise.all(names.map(async (name) => await readCrash(join(directory, name), name)))
}

async function readCrash(file: string, name: string): Promise<Crash> {
  return { file, at: crashTime(name), first_line: findFirstLine((await readTextFile(file).catch(() => null)) ?? '') }
}

/** Text of a crash by the name of its file, or of the last one. NotFound when there is none. */
export async function readCrashText(name?: string, directory = crashPlaces.directory): Promise<string> {
  const names = (await listDirectory(directory)).filter(isCrashFile).toSorted()
  const wanted = name === undefined ? names.at(-1) : names.find((known) => known === name || join(directory, known) === name)
  const text = wanted === undefined ? null : await readTextFile(join(directory, wanted))
  if (text !== null) return text
  const message = name === undefined ? 'No crash of the kernel is kept.' : `No crash of the kernel is kept by the name ${name}.`
  throw new AppError('NotFound', message, { hint: 'spirula-boot crash list' })
}

/** Removes all crashes kept; gives how many there were. */
export async function clearCrashes(directory = crashPlaces.directory): Promise<number> {
  const names = (await listDirectory(directory)).filter(isCrashFile)
  for (const name of names) await removeFile(join(directory, name))
  return names.length
}
