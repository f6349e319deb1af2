/** What the packages of a distribution bring that the driver cannot run without. */
import { aufs, auplink } from '../../filesystem/aufs/index.ts';
import type { DriverNeeds } from '../driver.ts';
import { AUPLINK } from './unmount.ts';

/** The module aufs, and the program of aufs-tools. */
export const needs: DriverNeeds = Object.freeze({ filesystems: [aufs], programs: { [AUPLINK]: auplink } });
