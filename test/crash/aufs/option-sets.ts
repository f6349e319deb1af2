/** The mount options whose marks a stop could leave half made; Docker's first. */
import { DOCKER_OPTIONS } from '../../unit/filesystem/aufs/machine.ts';

export const optionSets = {
  "Docker's options": DOCKER_OPTIONS,
  noplink: `${DOCKER_OPTIONS},noplink`,
  noxino: 'dio,noxino,dirperm1',
} as const;
