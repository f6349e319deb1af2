/** The mount options whose marks a stop could leave half made. */
export const optionSets = [
  '',
  'index=on',
  'index=on,nfs_export=on',
  'redirect_dir=on',
  'metacopy=on',
  'index=on,redirect_dir=on,metacopy=on',
  'index=on,nfs_export=on,redirect_dir=on',
] as const;
