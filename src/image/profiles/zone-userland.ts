/**
 * Programs that a zone of brand joyent finds in its /usr, which is the platform's: the platform image has at
 * least these. The zone's own image (`joyent-13.ts`) is what their packages put outside of /usr.
 */
export const zoneUserlandPackages: readonly string[] = [
  'systemd', 'systemd-sysv', 'dbus-broker', 'ca-certificates', 'iproute2', 'iputils-ping', 'less', 'nano', 'netbase', 'openssh-server', 'passwd', 'procps',
]

/**
 * Lines of /etc/group for groups that own programs in /usr. A zone has its own /etc/group, so platform and
 * zone images make these before any package asks for them, with the same numbers: else ssh-agent would run
 * with a group of the zone that means something else.
 */
export const zoneUserlandGroups: readonly string[] = ['_ssh:x:801:', 'messagebus:x:802:', 'crontab:x:803:']

/** Links the platform image has in /usr, path → target: they lead to what every zone is handed below /native. */
export const zoneUserlandLinks: Readonly<Record<string, string>> = {
  'usr/sbin/mdata-get': '/native/usr/sbin/mdata-get',
  'usr/sbin/mdata-put': '/native/usr/sbin/mdata-put',
  'usr/sbin/mdata-delete': '/native/usr/sbin/mdata-delete',
  'usr/sbin/mdata-list': '/native/usr/sbin/mdata-list',
}
