import assert from 'node:assert/strict'
import { test } from 'node:test'
import { on, openLab, waitForHealth, waitForReboot } from './lab.ts'

const lab = await openLab()

// A repository of one package, with what a package usually brings, made with tools of the platform.
const repository = `set -e
mkdir -p /opt/repo/tree/DEBIAN /opt/repo/tree/usr/bin /opt/repo/tree/etc
printf 'Package: spirula-hello\\nVersion: 1.0-1\\nArchitecture: all\\nMaintainer: test\\nDepends: libc6 (>= 2.36)\\nDescription: test\\n' > /opt/repo/tree/DEBIAN/control
printf '#!/bin/sh\\necho hello from a package\\n' > /opt/repo/tree/usr/bin/spirula-hello
chmod 755 /opt/repo/tree/usr/bin/spirula-hello
echo setting > /opt/repo/tree/etc/spirula-hello.conf
cd /opt/repo
dpkg-deb --root-owner-group --build tree spirula-hello.deb >/dev/null
{ cat tree/DEBIAN/control; echo "Filename: ./spirula-hello.deb"; echo "Size: $(stat -c %s spirula-hello.deb)"; echo "SHA256: $(sha256sum spirula-hello.deb | cut -d' ' -f1)"; } > Packages`

const declaration = {
  package_sources: ['deb [trusted=yes] copy:/opt/repo ./'],
  users: [
    { name: 'ops', uid: 2000, groups: ['adm'] },
    { name: 'daemon', uid: 2001 },
  ],
  sysctl: { 'vm.swappiness': 7 },
  files: [{ path: '/etc/profile.d/ops.sh', content: 'export OPS=1\n' }],
}
const unit = '[Service]\\nType=oneshot\\nRemainAfterExit=yes\\nExecStart=/bin/touch /run/custom-unit\\n[Install]\\nWantedBy=multi-user.target\\n'

const look = 'spirula-hello; cat /etc/spirula-hello.conf; id -u ops; cat /proc/sys/vm/swappiness; cat /etc/profile.d/ops.sh; ls /run/custom-unit'
const seen = 'hello from a package\nsetting\n2000\n7\nexport OPS=1\n/run/custom-unit\n'

interface State {
  kind: string
  name: string
  state: string
  reason?: string
}

test('what an administrator declares is there at once and after the kernel died; its last words and cores are kept', async (t) => {
  const disks = await lab.copyDisks('custom')
  const guest = await lab.start({ name: 'node1', directory: `${lab.directory}/custom`, boot: { from: 'disk' }, disks })
  t.after(() => guest.kill())
  await waitForHealth(guest)

  await t.test('applied without a reboot', async () => {
    await on(guest, repository)
    await on(
      guest,
      `mkdir -p /opt/custom/systemd; printf '${unit}' > /opt/custom/systemd/custom.service; cat > /usbkey/custom.json <<'EOF'\n${JSON.stringify(declaration)}\nEOF`,
    )
    await on(guest, 'spirula-boot package add spirula-hello')
    // One thing cannot be: the exit code says so, and the others are done.
    await on(guest, '! spirula-boot custom apply')
    assert.equal(await on(guest, `sleep 2; ${look}`), seen)
    const states = JSON.parse(await on(guest, 'spirula-boot custom list --json')) as State[]
    assert.deepEqual(
      states.filter(({ state }) => state !== 'applied').map(({ kind, name, state }) => ({ kind, name, state })),
      [{ kind: 'user', name: 'daemon', state: 'failed' }],
    )
  })

  await t.test('a package that would replace a part of the platform is refused', async () => {
    await on(
      guest,
      `cd /opt/repo && mkdir tree/usr/sbin && touch tree/usr/sbin/vmadm && sed -i 's/spirula-hello/spirula-thief/' tree/DEBIAN/control && dpkg-deb --build tree thief.deb >/dev/null && { cat tree/DEBIAN/control; echo "Filename: ./thief.deb"; echo "Size: $(stat -c %s thief.deb)"; echo "SHA256: $(sha256sum thief.deb | cut -d' ' -f1)"; } > Packages`,
    )
    assert.match(await on(guest, '! spirula-boot package add spirula-thief 2>&1'), /would replace \/usr\/s?bin\/vmadm/)
    assert.equal(await on(guest, look), seen)
  })

  await t.test('a program that dies leaves its core', async () => {
    await on(guest, 'sleep 100 & P=$!; sleep 1; kill -SEGV $P; wait $P; for i in $(seq 100); do ls /zones/cores/global/core.sleep.* && break; sleep 0.1; done')
  })

  await t.test('after a panic all of it is back, and the log is kept', async () => {
    const before = await on(guest, 'cat /proc/sys/kernel/random/boot_id')
    await guest.ssh('sync; echo c > /proc/sysrq-trigger', { timeoutMs: 5000 }).catch(() => {})
    await waitForReboot(guest, before)
    await waitForHealth(guest)
    assert.equal(await on(guest, look), seen)
    const crashes = JSON.parse(await on(guest, 'spirula-boot crash list --json')) as { first_line: string }[]
    assert.deepEqual(
      crashes.map(({ first_line }) => first_line),
      ['Kernel panic - not syncing: sysrq triggered crash'],
    )
    assert.match(await on(guest, 'spirula-boot crash show'), /sysrq_handle_crash/)
    assert.equal(await on(guest, 'spirula-boot crash clear 2>/dev/null; spirula-boot crash list --json'), '[]\n')
  })

  await t.test('what is removed is gone', async () => {
    await on(guest, 'spirula-boot package remove spirula-hello')
    await on(guest, '! test -e /usr/bin/spirula-hello')
  })
})
