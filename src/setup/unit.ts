export const unitName = 'spirula.service'
export const unitPath = `/etc/systemd/system/${unitName}`

/** systemd unit of the daemon. Only the daemon itself is stopped with it: zones outlive it. */
export function renderUnit(argv: readonly string[], logFile: string): string {
  return `[Unit]
Description=Spirula node daemon
After=network.target local-fs.target

[Service]
ExecStart=${argv.map(quoteWord).join(' ')}
KillMode=process
Restart=on-failure
RestartSec=2
Delegate=yes
TasksMax=infinity
LimitNOFILE=1048576
StandardOutput=append:${logFile}
StandardError=append:${logFile}

[Install]
WantedBy=multi-user.target
`
}

function quoteWord(word: string): string {
  return `"${word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`
}
