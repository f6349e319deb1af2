/** The mount options whose marks a stop could leave half made; Docker's first. */
const docker = 'dio,xino=/dev/shm/aufs.xino,dirperm1';

export const optionSets = {
  "Docker's options": docker,
  noplink: `${docker},noplink`,
  noxino: 'dio,noxino,dirperm1',
} as const;
