/** Mistakes that are planted in a copy of the source, one at a time: the comparison with the real kernel must find each. */
export interface PlantedFault {
  readonly name: string;
  readonly filesystem: 'tmpfs' | 'overlay';
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

export const plantedFaults: readonly PlantedFault[] = [
  {
    name: 'a removed lower file leaves no whiteout',
    filesystem: 'overlay',
    file: 'src/filesystem/overlayfs/remove.ts',
    find: '  cleanupAndWhiteout(superblock, parent.upper!, upper);',
    replace: '  if (upper.inode !== undefined) cleanup(superblock, upper);\n  void cleanupAndWhiteout;',
  },
  {
    name: 'a directory made over a whiteout is not opaque',
    filesystem: 'overlay',
    file: 'src/filesystem/overlayfs/xattr.ts',
    find: '  return trySetPrivateXattr(superblock, real, XATTR_OPAQUE, YES);',
    replace: '  void superblock;\n  void real;\n  return true;',
  },
  {
    name: 'copy-up leaves the parent its new time',
    filesystem: 'overlay',
    file: 'src/filesystem/overlayfs/copy-up.ts',
    find: '  attempt(() => notifyChange(superblock.kernel, parent.upper!, { atime, mtime }));',
    replace: '  void atime;\n  void mtime;',
  },
  {
    name: 'copy-up forgets extended attributes',
    filesystem: 'overlay',
    file: 'src/filesystem/overlayfs/copy-up.ts',
    find: '  copyXattrs(superblock, real, temp);\n',
    replace: '',
  },
  {
    name: 'copy-up notes the origin of hard links too',
    filesystem: 'overlay',
    file: 'src/filesystem/overlayfs/copy-up.ts',
    find: 'if (isDirectory(stat.mode) || stat.nlink === 1) setOrigin(',
    replace: 'setOrigin(',
  },
  {
    name: 'a directory moved into a merged one is not sealed',
    filesystem: 'overlay',
    file: 'src/filesystem/overlayfs/rename.ts',
    find: '  sealMoved(superblock, old, realOld, target.parent);\n',
    replace: '',
  },
  {
    name: 'an exchange may move a lower directory',
    filesystem: 'overlay',
    file: 'src/filesystem/overlayfs/rename.ts',
    find: "if (!canMove(old) || (!overwrites && !canMove(target))) raise('EXDEV');",
    replace: "if (!canMove(old)) raise('EXDEV');",
  },
  {
    name: 'an opaque lower directory ends no search',
    filesystem: 'overlay',
    file: 'src/filesystem/overlayfs/namei.ts',
    find: '    state.stop = true;\n    if (isLastPart) state.opaque = true;',
    replace: '    if (isLastPart) state.opaque = true;',
  },
  {
    name: 'a reader does not see what was copied up meanwhile',
    filesystem: 'overlay',
    file: 'src/filesystem/overlayfs/file.ts',
    find: 'if (note instanceof OpenFile && note.inode === wanted) real = note;',
    replace: 'if (note instanceof OpenFile && (note.inode === wanted || !file.writable)) real = note;',
  },
  {
    name: 'a listing shows whiteouts of merged directories',
    filesystem: 'overlay',
    file: 'src/filesystem/overlayfs/readdir.ts',
    find: '    else if (!hidden && name',
    replace: '    else if (name',
  },
  {
    name: 'the owner of a sticky directory may not remove',
    filesystem: 'tmpfs',
    file: 'src/kernel/permission.ts',
    find: 'if (inode.uid === fsuid || directory.uid === fsuid) return false;',
    replace: 'if (inode.uid === fsuid) return false;',
  },
  {
    name: 'a write keeps the set-group-id bit',
    filesystem: 'tmpfs',
    file: 'src/kernel/permission.ts',
    find: '  return dropsSetgid(kernel, inode) ? mode & ~S_ISGID : mode;',
    replace: '  return mode;',
  },
  {
    name: 'a directory that moves is not counted in its new parent',
    filesystem: 'tmpfs',
    file: 'src/filesystem/tmpfs/inode.ts',
    find: '      newDir.edit().nlink++;\n',
    replace: '',
  },
  {
    name: 'fallocate initializes no reserved page',
    filesystem: 'tmpfs',
    file: 'src/filesystem/tmpfs/file.ts',
    find: '    initializeReserved(extents, offset, length);\n',
    replace: '',
  },
  {
    name: 'a name that moves keeps its place in the listing',
    filesystem: 'tmpfs',
    file: 'src/filesystem/tmpfs/directory.ts',
    find: 'rank: this.#nextRank++',
    replace: 'rank: this.#names.get(name)?.rank ?? (name < "c" ? this.#nextRank++ : -this.#nextRank++ + 2 ** 31)',
  },
  {
    name: 'chown by root keeps the set-user-id bit',
    filesystem: 'tmpfs',
    file: 'src/kernel/setattr.ts',
    find: 'let mode = inode.mode & ~S_ISUID;',
    replace: 'let mode = inode.mode;\n    void S_ISUID;',
  },
];
