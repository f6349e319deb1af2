/** How AUFS and overlayfs differ: the only reasons that the fuzz of one against the other takes. */
import type { Rule } from './compare.ts';

export const rules: readonly Rule[] = [];
