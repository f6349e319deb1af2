/** Prints an archive as the recordings' dumps do, from what our parser says of each block. */
import { paddingOf } from '../../../src/archive/tar-entry.ts';
import { type Field, fieldOf, isZeroBlock, parseHeader, textOf } from '../../../src/archive/tar-header.ts';

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');

function pythonText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}'`;
}

function pythonBytes(bytes: Uint8Array): string {
  const one = (byte: number): string =>
    byte === 10
      ? '\\n'
      : byte >= 32 && byte < 127
        ? String.fromCharCode(byte)
        : `\\x${byte.toString(16).padStart(2, '0')}`;
  return `b'${Array.from(bytes, one).join('')}'`;
}

export function dumpTar(tar: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; ; ) {
    const block = tar.subarray(at, at + 512);
    const raw = (field: Field): string => textOf(fieldOf(block, field));
    if (isZeroBlock(block)) {
      const zeros = tar.subarray(at);
      lines.push(
        `@${at} trailer: ${zeros.length / 512} zero blocks (allzero=${zeros.every((byte) => byte === 0) ? 'True' : 'False'}) total=${tar.length}`,
      );
      return `${lines.join('\n')}\n`;
    }
    const header = parseHeader(block);
    const dialect = raw('magic').endsWith('  ') ? 'gnu' : 'ustar';
    const prefix = dialect === 'ustar' ? raw('prefix') : '';
    const name = prefix === '' ? header.name : header.name.slice(prefix.length + 1);
    let line = `@${at} ${dialect} type=${header.type} name=${pythonText(name)}`;
    if (prefix !== '') line += ` prefix=${pythonText(prefix)}`;
    const id = (field: 'uid' | 'gid'): string =>
      (fieldOf(block, field)[0]! & 0x80) === 0 ? octal(header[field], 7) : `b256:${header[field]}`;
    line += ` mode=${octal(header.mode, 7)} uid=${id('uid')} gid=${id('gid')}`;
    line += ` size=${octal(header.size, 11)} mtime=${octal(header.mtime.sec, 11)}`;
    line += ` chk=${pythonBytes(fieldOf(block, 'checksum'))}`;
    if (header.linkname !== '') line += ` link=${pythonText(header.linkname)}`;
    line += ` uname='${header.uname}' gname='${header.gname}'`;
    const device = (field: 'devmajor' | 'devminor'): string => (raw(field) === '' ? '' : octal(header[field], 7));
    lines.push(`${line} dev=${device('devmajor')},${device('devminor')}`);
    const body = tar.subarray(at + 512, at + 512 + header.size);
    if ('xgLK'.includes(header.type)) lines.push(`    body: ${pythonBytes(body)}`);
    at += 512 + header.size + paddingOf(header.size);
  }
}
