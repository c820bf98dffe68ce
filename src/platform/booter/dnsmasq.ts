import type { BooterConfig } from '#contracts/platform/booter.ts'
import { renderBase } from './script.ts'

/** Boot programs of iPXE as Debian's package `ipxe` has them: one for BIOS, one for UEFI. */
export const bootPrograms = { directory: '/usr/lib/ipxe', bios: 'undionly.kpxe', uefi: 'ipxe.efi' } as const

/**
 * Configuration of dnsmasq: DHCP, or what to boot beside another DHCP server, and TFTP. A machine whose firmware is not
 * iPXE yet gets iPXE by TFTP, which asks again and gets the address of our script. `leases` is the file where it
 * remembers what it gave out. null when the mode is `none`.
 */
export function renderDnsmasq(config: BooterConfig, leases: string): string | null {
  const { dhcp } = config
  if (dhcp.mode === 'none' || config.interface === undefined) return null
  return [
    '# Made by spirula platform booter at each start; changes are lost.',
    'port=0',
    `interface=${config.interface}`,
    'except-interface=lo',
    'bind-interfaces',
    'log-dhcp',
    `dhcp-leasefile=${leases}`,
    'enable-tftp',
    `tftp-root=${bootPrograms.directory}`,
    // iPXE says what it is in two ways; old versions in the first only.
    'dhcp-userclass=set:ipxe,iPXE',
    'dhcp-match=set:ipxe,175',
    ...(dhcp.mode === 'full' ? renderFull(dhcp) : renderProxy(dhcp)),
    `dhcp-boot=tag:ipxe,${renderBase(config)}/boot.ipxe`,
    '',
  ].join('\n')
}

/** Option 93 (RFC 4578): 0 is BIOS; 7 and 9 are UEFI of 64-bit x86, 16 the same with HTTP boot. */
function renderFull(dhcp: Extract<BooterConfig['dhcp'], { mode: 'full' }>): string[] {
  return [
    `dhcp-range=${dhcp.first},${dhcp.last},${dhcp.netmask},${dhcp.lease ?? '1h'}`,
    // Without a value the option is not sent: else dnsmasq would name itself.
    dhcp.router === undefined ? 'dhcp-option=option:router' : `dhcp-option=option:router,${dhcp.router}`,
    ...(dhcp.resolvers === undefined || dhcp.resolvers.length === 0 ? [] : [`dhcp-option=option:dns-server,${dhcp.resolvers.join(',')}`]),
    'dhcp-authoritative',
    'dhcp-match=set:bios,option:client-arch,0',
    'dhcp-match=set:uefi,option:client-arch,7',
    'dhcp-match=set:uefi,option:client-arch,9',
    `dhcp-boot=tag:!ipxe,tag:bios,${bootPrograms.bios}`,
    `dhcp-boot=tag:!ipxe,tag:uefi,${bootPrograms.uefi}`,
  ]
}

/** Beside another DHCP server only PXE menus are heeded; with one entry and no prompt nobody sees them. */
function renderProxy(dhcp: Extract<BooterConfig['dhcp'], { mode: 'proxy' }>): string[] {
  return [
    `dhcp-range=${dhcp.network},proxy`,
    'pxe-prompt="Spirula",0',
    `pxe-service=tag:!ipxe,x86PC,"Spirula",${bootPrograms.bios}`,
    `pxe-service=tag:!ipxe,BC_EFI,"Spirula",${bootPrograms.uefi}`,
    `pxe-service=tag:!ipxe,X86-64_EFI,"Spirula",${bootPrograms.uefi}`,
  ]
}
