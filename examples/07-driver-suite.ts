/** A third party's driver passes the suite that Docker's own drivers pass. */
import { driverSuite } from 'lowerdir/testing';
import { copies } from './copy-driver.ts';

let passed = 0;
for (const { name, skip, run } of driverSuite({ driver: copies() })) {
  if (skip !== undefined) {
    console.log(`skipped: ${name} (${skip})`);
    continue;
  }
  run();
  passed++;
}
console.log(`${passed} cases passed`);
