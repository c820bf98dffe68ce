/**
 * Starts a program in the background: $1 file for its line of /proc/PID/stat, $2 file for its output, then argv.
 * The output can grow to 64 KiB only; the network decides how often a lease changes.
 */
export const launchScript = `#!/bin/busybox sh
stat=$1 lease=$2
shift 2
ulimit -f 128
busybox setsid "$@" </dev/null >"$lease" 2>/dev/null &
busybox cat "/proc/$!/stat" >"$stat"
`

/**
 * What udhcpc calls, in the zone's namespaces, with nothing but busybox ($ip is the leased address). There is no /dev there. All values come
 * from the network: they are only ever arguments in quotes. Addresses are labelled `:dhcp`, to be known from static ones.
 */
export const leaseScript = `#!/bin/busybox sh
bb=/bin/busybox
label="$interface"
[ "\${#interface}" -le 10 ] && label="$interface:dhcp"
clear_leases() {
  $bb ip -4 addr show dev "$interface" | while read -r kind address rest; do
    case "$kind $rest" in
      "inet "*":dhcp"*) [ "\${address%/*}" = "$1" ] || $bb ip -4 addr del "$address" dev "$interface" ;;
    esac
  done
}
case "$1" in
  deconfig)
    $bb ip link set dev "$interface" up
    clear_leases none
    echo "lost"
    ;;
  bound | renew)
    clear_leases "$ip"
    $bb ip -4 addr add "$ip/\${mask:-24}" dev "$interface" label "$label"
    for gateway in $router; do
      $bb ip -4 route replace default via "$gateway" dev "$interface" && break
    done
    [ "$1" = bound ] && echo "bound $ip|$router|$dns"
    ;;
esac
exit 0
`
