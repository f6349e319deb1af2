/** Tables of text. */

/** Columns are as wide as what is in them. */
export function printTable(header: readonly string[], lines: readonly (readonly string[])[]): void {
  const widths = header.map((name, at) => Math.max(name.length, ...lines.map((line) => line[at]!.length)));
  const text = (cells: readonly string[]): string =>
    cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join('  ');
  for (const line of [header, widths.map((width) => '-'.repeat(width)), ...lines]) console.log(text(line).trimEnd());
  console.log();
}
