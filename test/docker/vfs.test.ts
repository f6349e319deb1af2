/** Histories with vfs. */
import { describeHistories } from './slice.ts';

describeHistories('vfs');
