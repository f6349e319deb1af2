/** What the command line says. */
import { parseArgs } from 'node:util';
import type { Settings } from './measure.ts';

export interface BenchOptions extends Settings {
  /** Graph drivers are to be compared, not filesystems. */
  readonly drivers: boolean;
  readonly quick: boolean;
  /** What our union and the real one beside it are mounted with besides their layers; nothing by default. */
  readonly mount: string;
  /** Whether something of that name is to be measured. */
  readonly wantsRow: (name: string) => boolean;
  readonly wantsSubject: (name: string) => boolean;
}

export const USAGE = `npm run bench -- [drivers] [options]
  drivers         graph drivers beside one another, and a layer taken in beside docker load; knows --rows, --rounds, --quick
  --rows a,b      only rows (and parts: effects, commit, mounting, memory, trace, cold, aufs) whose names contain one of these
  --subjects a,b  only subjects whose names contain one of these: lowerdir, memfs, unionfs, zenfs, tmpfs, overlay, limit
  --mount a,b     mount options of lowerdir and overlay: index=on,metacopy=on,redirect_dir=on
  --rounds n      rounds per row
  --quick         fewer rounds and lowers, shorter turns, one layout, nothing cold: about a minute`;

/** @throws TypeError for an option that is not known */
export function readOptions(): BenchOptions {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rows: { type: 'string' },
      subjects: { type: 'string' },
      mount: { type: 'string', default: '' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
    },
  });
  const { quick, mount } = values;
  const [what = '', ...others] = positionals;
  if (!['', 'drivers'].includes(what) || others.length > 0) throw new TypeError(`what is ${positionals.join(' ')}?`);
  const rounds = values.rounds === undefined ? (quick ? 3 : 9) : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new TypeError('--rounds takes a number from 1');
  const pace = quick ? { turn: 1.5, warming: 35 } : { turn: 4, warming: 250 };
  const drivers = what === 'drivers';
  return { drivers, quick, mount, rounds, ...pace, wantsRow: among(values.rows), wantsSubject: among(values.subjects) };
}

function among(list: string | undefined): (name: string) => boolean {
  if (list === undefined) return () => true;
  const words = list.toLowerCase().split(',');
  return (name) => words.some((word) => name.toLowerCase().includes(word.trim()));
}
