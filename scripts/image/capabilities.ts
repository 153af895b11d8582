/**
 * File capabilities: what a program may do that its user may not. They are kept
 * in an extended attribute as the kernel's `struct vfs_cap_data`.
 *
 * @module
 */

/** By bit, as in `linux/capability.h`. */
const NAMES =
  ("chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap " +
    "linux_immutable net_bind_service net_broadcast net_admin net_raw ipc_lock " +
    "ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin " +
    "sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease " +
    "audit_write audit_control setfcap mac_override mac_admin syslog wake_alarm " +
    "block_suspend audit_read perfmon bpf checkpoint_restore").split(" ");

/** Words of permitted bits by revision; each is followed by one of inheritable bits. */
const WORDS: Record<number, number> = { 1: 1, 2: 2, 3: 2 };

/**
 * The capabilities that a program has once it is started (its permitted ones).
 *
 * @param hex Value of `security.capability`, as in `Entry.capabilities`.
 * @returns As `cap_net_raw`, by bit; none for a value that the kernel refuses.
 */
export function parseCapabilities(hex: string): string[] {
  if (hex.length % 8 !== 0 || !/^[0-9a-f]+$/.test(hex)) return [];
  const data = new DataView(Uint8Array.fromHex(hex).buffer);
  const revision = data.getUint8(3);
  const words = WORDS[revision] ?? 0;
  if (data.byteLength !== 4 + words * 8 + (revision === 3 ? 4 : 0)) return [];
  const names: string[] = [];
  for (let bit = 0; bit < words * 32; bit++) {
    const word = data.getUint32(4 + (bit >> 5) * 8, true);
    if ((word >>> (bit & 31)) & 1) names.push(`cap_${NAMES[bit] ?? bit}`);
  }
  return names;
}
