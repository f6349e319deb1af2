/** Random options of an overlay mount: every combination, those that conflict seldom. */
import fc, { type Arbitrary } from 'fast-check';

type Choice = readonly (readonly [weight: number, value: string | undefined])[];

/** What each option may say; `undefined` leaves it to its default. */
const choices = {
  redirect_dir: [
    [4, undefined],
    [5, 'on'],
    [1, 'follow'],
    [1, 'nofollow'],
    [1, 'off'],
  ],
  index: [
    [4, undefined],
    [4, 'on'],
    [1, 'off'],
  ],
  metacopy: [
    [5, undefined],
    [4, 'on'],
    [1, 'off'],
  ],
  xino: [
    [4, undefined],
    [2, 'on'],
    [2, 'auto'],
    [1, 'off'],
  ],
  nfs_export: [
    [6, undefined],
    [2, 'on'],
    [1, 'off'],
  ],
  uuid: [
    [5, undefined],
    [1, 'on'],
    [1, 'auto'],
    [1, 'null'],
    [1, 'off'],
  ],
  volatile: [
    [7, undefined],
    [1, ''],
  ],
  userxattr: [
    [8, undefined],
    [1, ''],
  ],
  default_permissions: [
    [7, undefined],
    [1, ''],
  ],
} as const satisfies Record<string, Choice>;

type Chosen = { [K in keyof typeof choices]?: string | undefined };

/** Takes away what the kernel would refuse together. @see ovl_fs_params_verify() */
function reconciled(chosen: Chosen): Chosen {
  const kept = { ...chosen };
  if (kept.userxattr !== undefined) {
    delete kept.redirect_dir;
    delete kept.metacopy;
  }
  if (kept.metacopy === 'on') {
    if (kept.redirect_dir !== 'on') delete kept.redirect_dir;
    delete kept.nfs_export;
  }
  if (kept.nfs_export === 'on' && kept.index === 'off') delete kept.index;
  return kept;
}

const optionArbitrary = (choice: Choice): Arbitrary<string | undefined> =>
  fc.oneof(...choice.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })));

/** Options with a comma before each: `,index=on,volatile`. One string in sixteen may conflict with itself. */
export const mountOptions: Arbitrary<string> = fc
  .tuple(
    fc.record(
      Object.fromEntries(Object.entries(choices).map(([name, choice]) => [name, optionArbitrary(choice)])),
    ) as Arbitrary<Chosen>,
    fc.nat(15),
  )
  .map(([chosen, drawn]) =>
    Object.entries(drawn === 0 ? chosen : reconciled(chosen))
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `,${name}${value === '' ? '' : `=${value}`}`)
      .join(''),
  );
