/** Which case of the suite stands for which of those that the field's own suites name. */

/** The cases of one suite of the field, by the name that it gives them; ours by what they are called here. */
export type UpstreamSuite = Readonly<Record<string, readonly string[]>>;

/** moby daemon/graphdriver/graphtest */
const graphtest: UpstreamSuite = {
  DriverTestCreateEmpty: ['an empty layer is an empty directory of root'],
  DriverTestCreateBase: ['a layer keeps modes, owners and contents when it is hidden and shown again'],
  DriverTestCreateSnap: ['a layer on top of another shows all of it'],
  DriverTestDeepLayerRead: ['a deep stack of layers shows every one of them'],
  DriverTestDiffApply: [
    'ten files, some rewritten, one removed with a whole directory: diff and apply on the base give the same',
  ],
  DriverTestChanges: [
    'of twenty files a third each is changed, added and removed, and exactly these and their directory are told',
  ],
  DriverTestSetQuota: ['a writable layer takes no more than its size'],
};

/** moby daemon/graphdriver/overlay2 */
const overlay2: UpstreamSuite = {
  Overlay2Setup: ['a driver starts in an empty home and tells its name, its home and its features'],
  Overlay2CreateEmpty: graphtest['DriverTestCreateEmpty']!,
  Overlay2CreateBase: graphtest['DriverTestCreateBase']!,
  Overlay2CreateSnap: graphtest['DriverTestCreateSnap']!,
  Overlay2128LayerRead: graphtest['DriverTestDeepLayerRead']!,
  Overlay2DiffApply10Files: graphtest['DriverTestDiffApply']!,
  Overlay2Changes: graphtest['DriverTestChanges']!,
  Overlay2Teardown: ['when all layers are removed nothing is left: no mount, no block, no inode'],
};

/** containerd snapshots/testsuite */
const containerd: UpstreamSuite = {
  Basic: ['what is written is committed, shown by the layer, and shown by what is prepared on it'],
  StatActive: ['an active layer exists, is mounted where it is shown, and tells the same as often as it is asked'],
  StatComitted: ['a committed layer exists without being mounted, and what is told of it lies in the home'],
  TransitivityTest: ['a layer upon a layer upon a layer has the contents of all three'],
  PreareViewFailingtest: [
    'nothing is prepared or shown on a layer that is missing or was removed',
    'a container is mounted, written to and committed; its layer shows what it showed',
  ],
  Update: ['options that a layer of an image cannot take are refused; what is told of other layers stays'],
  Remove: ['what is removed is gone, also after a start; what stands beside it stays'],
  Walk: ['each layer is found by its id alone, before and after a start'],
  LayerFileupdate: ['a file that is rewritten above shows what was written last'],
  RemoveDirectoryInLowerLayer: ['a directory that is removed and made again shows nothing of the one below'],
  Chown: ['an owner that was changed above stays changed'],
  DirectoryPermissionOnCommit: ['a directory keeps its own mode and owner through a commit, whatever lies in it'],
  RemoveIntermediateSnapshot: ['a layer with others on top of it is not removed'],
  DeletedFilesInChildSnapshot: ['what was deleted stays deleted in the layers above'],
  MoveFileFromLowerLayer: ['a file of a layer below can be moved'],
  ViewReadonly: ['a read-only view of a layer shows all of it and takes no write'],
  StatInWalk: ['other layers can be asked for in the middle of a diff'],
  CloseTwice: ['stopping the driver twice is no mistake'],
  RootPermission: ['the root of every layer is 0755 and of root'],
  Rename: [
    'files of a layer below can be renamed and a new one put in their place',
    'directories of a layer below can be renamed',
  ],
  '128LayersMount': ['a deep stack of committed layers shows the files of all of them'],
};

/** moby layer: layer_test.go, migration_test.go, mount_test.go */
const layerStore: UpstreamSuite = {
  EmptyLayer: ['the empty layer has a name of its own and lies in no store'],
  CommitFailure: ['a layer that cannot be unpacked, or is not the announced one, leaves nothing'],
  StartTransactionFailure: ['a layer that is given up before its first byte, or before its end, leaves nothing'],
  GetOrphan: ['what a stopped daemon has left is found and swept away; layers stay whole'],
  MountAndRegister: ['a container is mounted, written to and committed; its layer shows what it showed'],
  LayerRelease: ['a layer is removed with the last that holds it, and those below that only it held'],
  StoreRestore: ['a store that is opened again has the same layers, containers and references'],
  TarStreamStability: ['the tar of a layer comes out as it went in, byte for byte, at any height and after a start'],
  RegisterExistingLayer: ['the same layer on the same one again is one reference more, on another one another layer'],
  TarStreamVerification: ['a tar that is not what went in is refused while it comes out'],
  LayerSize: ['sizes are those of a layer alone and of all below it'],
  LayerMigration: ['a tar-split of before is used where it is right, and made anew where there is none'],
  LayerMigrationNoTarsplit: ['what was there before stores were by content is taken over under its old id'],
  MountInit: ['the init layer lies between the image and the container, and is no change'],
  MountSize: ['the size of a container is that of its changes, without the init layer'],
  MountChanges: ['a container tells what was changed, added and removed'],
  MountApply: ['a tar is unpacked into a container'],
};

/** moby pkg/archive: changes_test.go */
const archiveChanges: UpstreamSuite = {
  ChangeString: ['a file that is changed, added, removed is told as C, A, D'],
  ChangesWithNoChanges: ['a layer in which nothing was done has no changes, and its tar no entries'],
  ChangesWithChanges: ['the directories above a change are told once each, as changed, before it'],
  ChangesWithChangesGH13590: [
    'a directory that a middle layer added is told as changed when the top layer changes a file in it',
  ],
  ChangesDirsEmpty: [
    'a layer in which nothing was done has no changes, and its tar no entries',
    'a layer with nothing below it is told as additions of all that it holds',
  ],
  ChangesDirsMutated: ['changes of every kind are told, each once and nothing else'],
  ApplyLayer: ['the tar of a layer, unpacked on the same base, makes the same tree and the same changes'],
  ChangesSizeWithHardlinks: ['the size counts a file of several names once'],
  ChangesSizeWithNoChanges: ['no changes are of no size'],
  ChangesSizeWithOnlyDeleteChanges: ['deletions alone are of no size'],
  ChangesSize: ['the size of changes is the sum of the files that were added or changed'],
  HardLinkOrder: ['of hard links in a layer the first name in the tar is the file, the others name it'],
};

/** moby pkg/archive: diff_test.go */
const archiveDiff: UpstreamSuite = {
  ApplyLayerInvalidFilenames: ['a name that leads out of the layer stays within it or is refused'],
  ApplyLayerInvalidHardlink: ['a hard link reaches nothing outside of the layer, and one to nothing is refused'],
  ApplyLayerInvalidSymlink: ['nothing is written through a symlink that leads out of the layer'],
  ApplyLayerWhiteouts: [
    'whiteouts and opaque directories of a tar remove what the layers below have, and only that',
    'a mark in the root of a layer hides all that lies below',
  ],
};

/** moby pkg/archive: archive_linux_test.go */
const archiveLinux: UpstreamSuite = {
  OverlayTarUntar: ['a directory that was emptied and filled anew hides what lay in it, in the tar too'],
  OverlayTarAUFSUntar: ['a removed file is a whiteout in the tar, and the tar unpacked removes it again'],
};

/** Every suite of the field that the driver suite covers. */
export const upstreamSuites: Readonly<Record<string, UpstreamSuite>> = {
  graphtest,
  overlay2,
  containerd,
  'layer store': layerStore,
  'archive changes': archiveChanges,
  'archive diff': archiveDiff,
  'archive linux': archiveLinux,
};
