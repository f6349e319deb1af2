/** The SELinux context of a mount. @see selinux go-selinux/label (FormatMountLabel) */

/** Mount options with the context behind them; `''` is none. */
export const labelled = (data: string, label: string): string =>
  label === '' ? data : `${data},context=${JSON.stringify(label)}`;
