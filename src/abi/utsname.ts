/** What uname(2) tells. @see struct new_utsname */
export interface UtsName {
  /** `Linux` */
  readonly sysname: string;
  /** The host's name, `(none)` until somebody gives it one. */
  readonly nodename: string;
  /** `6.18.0`: what `uname -r` prints. */
  readonly release: string;
  /** How the kernel was built. */
  readonly version: string;
  /** `x86_64` */
  readonly machine: string;
  readonly domainname: string;
}
