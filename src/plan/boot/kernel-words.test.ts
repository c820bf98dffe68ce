import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planKernelWords } from './kernel-words.ts'

test('a kernel started by the running one gets its words, but not those of that boot alone', () => {
  const running =
    'BOOT_IMAGE=/platform-x/vmlinuz console=tty0 console=ttyS0,115200 panic=10 spirula.medium=usb noimport=true spirula.failed=20261101T000000Z quiet\n'
  assert.equal(planKernelWords(running), 'console=tty0 console=ttyS0,115200 panic=10 quiet spirula.medium=disk')
  assert.match(planKernelWords(running, '20261102T000000Z'), / spirula.failed=20261102T000000Z$/)
})
