/** The capabilities that file calls ask for; a set is the sum of `1 << number`. @see capabilities(7) */
export const CAP_CHOWN = 1 << 0;
export const CAP_DAC_OVERRIDE = 1 << 1;
export const CAP_DAC_READ_SEARCH = 1 << 2;
export const CAP_FOWNER = 1 << 3;
export const CAP_FSETID = 1 << 4;
export const CAP_SETGID = 1 << 6;
export const CAP_SETUID = 1 << 7;
export const CAP_LINUX_IMMUTABLE = 1 << 9;
export const CAP_SYS_CHROOT = 1 << 18;
export const CAP_SYS_PTRACE = 1 << 19;
export const CAP_SYS_ADMIN = 1 << 21;
export const CAP_SYS_RESOURCE = 1 << 24;
export const CAP_MKNOD = 1 << 27;
export const CAP_SETFCAP = 1 << 31;
/** What root has. */
export const CAP_FULL_SET = -1;
