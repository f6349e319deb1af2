/** Histories with the first version of overlay. */
import { describeHistories } from './slice.ts';

describeHistories('overlay');
