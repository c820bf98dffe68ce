# The life of a node set up by `./spirula up`, on directories of its own. Run by test/host/up.test.ts in fresh
# namespaces: up-scenario.sh NODE ROOT SCRATCH NAME. Prints sections that begin with a line `@name`.
set -eu
node=$1 root=$2 scratch=$3 name=$4

for place in lib run log sbin share; do mkdir -p "$scratch/$place"; done
mkdir -p /var/lib/spirula /run/spirula /var/log/spirula
mount --bind "$scratch/lib" /var/lib/spirula
mount --bind "$scratch/run" /run/spirula
mount --bind "$scratch/log" /var/log/spirula
mount --bind "$scratch/sbin" /usr/local/sbin
mount --bind "$scratch/share" /usr/local/share

setup() { "$node" "$root/src/setup/main.ts" "$@"; }
cleanup() {
  for uuid in $(vmadm list -Ho uuid 2>/dev/null); do vmadm delete "$uuid" || true; done
  setup down || true
  umount "/$name" 2>/dev/null || umount -l "/$name" 2>/dev/null || true
  losetup --list --noheadings --output NAME,BACK-FILE | grep -F "$scratch" | cut -d ' ' -f 1 | xargs -r losetup -d || true
  rmdir "/$name" 2>/dev/null || true
  find /sys/fs/cgroup -mindepth 1 -maxdepth 2 -type d -name "$name" -exec rmdir {} + 2>/dev/null || true
}
trap cleanup EXIT

echo @first
setup up --pool "$name" --pool-size 3G --cgroup-parent "$name"
uuid=$(vmadm list -Ho uuid)

echo @list
vmadm list -Hpo state,alias,uuid
echo @enter
zlogin "$uuid" cat /etc/hostname
echo @help
grep -c '^\.SS' /usr/local/share/man/man8/vmadm.8
bash -c '. /usr/local/share/bash-completion/completions/vmadm; COMP_WORDS=(vmadm get ""); COMP_CWORD=2; _spirula_vmadm; echo "${COMPREPLY[*]}"'
echo @second
setup up
echo @status
setup status
echo @down
pid=$(vmadm get "$uuid" | sed -n 's/^  "pid": \([0-9]*\),\{0,1\}$/\1/p')
setup down
kill -0 "$pid"
setup status || echo "status $?"
echo @again
setup up
vmadm list -Hpo state,uuid
[ "$(vmadm get "$uuid" | sed -n 's/^  "pid": \([0-9]*\),\{0,1\}$/\1/p')" = "$pid" ]
echo @delete
vmadm delete "$uuid" 2>&1
vmadm list -H
echo @end
