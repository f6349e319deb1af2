/** A little program that keeps settings in files, through node:fs in every way of importing it. */
import fs, { existsSync, mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

const fileOf = (home: string): string => `${home}/.config/settings.json`;

export function saveSettings(home: string, settings: object): void {
  if (!existsSync(`${home}/.config`)) mkdirSync(`${home}/.config`, { recursive: true });
  fs.writeFileSync(fileOf(home), JSON.stringify({ ...settings, saved: true }));
}

export async function settings(home: string): Promise<unknown> {
  return JSON.parse(await readFile(fileOf(home), 'utf8'));
}
