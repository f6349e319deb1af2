/** A third party's driver passes the suite that Docker's own drivers pass. */
import { driverSuite } from 'lowerdir/testing';
import { copies } from './copy-driver.ts';

for (const { name, skip, run } of driverSuite({ driver: copies() })) {
  if (skip === undefined) run();
  else console.log(`skipped: ${name} (${skip})`);
}
console.log('passed: all others');
