/** What an entry of a layer may not be, whoever reads it. @see moby pkg/archive/archive.go (createTarFile), diff.go */
import { cleanName } from '../abi/name-bytes.ts';
import { ArchiveError } from './archive-error.ts';
import { layerPath, leadsOut, parentOf } from './layer-entry.ts';
import { LNKTYPE, SYMTYPE, type TarHeader, XGLTYPE } from './tar-entry.ts';

/** Only what a filesystem can hold: files, links, devices, directories, FIFOs; a global PAX header is nothing. */
export function refuseType({ type, name }: TarHeader): void {
  if ((type >= '0' && type <= '6') || type === XGLTYPE) return;
  const message = `unhandled tar header type ${type.charCodeAt(0)}: ${JSON.stringify(name)}`;
  throw new ArchiveError('ERR_TAR_TYPE', message, { entry: name });
}

/**
 * Names and links that lead out of the directory by their text.
 *
 * @param root what to call the directory in messages
 */
export function refuseBreakout(header: TarHeader, root: string): void {
  const { name, type, linkname } = header;
  const refuse = (message: string): never => {
    throw new ArchiveError('ERR_TAR_BREAKOUT', message, { entry: name });
  };
  if (leadsOut(name)) refuse(`${JSON.stringify(cleanName(name))} is outside of ${JSON.stringify(root)}`);
  if (type === LNKTYPE && leadsOut(`./${linkname}`)) {
    refuse(`invalid hardlink ${JSON.stringify(name)} -> ${JSON.stringify(linkname)}`);
  }
  if (type === SYMTYPE && leadsOut(`${parentOf(layerPath(name))}/./${linkname}`.replace(/^\/+/, ''))) {
    refuse(`invalid symlink ${JSON.stringify(layerPath(name))} -> ${JSON.stringify(linkname)}`);
  }
}

/** The refusal of a hard link that has no file to lead to. */
export function linkError(why: string, { name, linkname }: TarHeader): ArchiveError {
  const message = `${why} ${JSON.stringify(name)} -> ${JSON.stringify(linkname)}`;
  return new ArchiveError('ERR_TAR_HARDLINK', message, { entry: name });
}
