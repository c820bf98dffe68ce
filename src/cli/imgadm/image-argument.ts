import type { Argument } from '../command.ts'

export const imageArgument: Argument = { name: 'UUID', summary: 'UUID of an image, the first letters of one, or NAME@VERSION', complete: 'image' }
