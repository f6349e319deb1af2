/** A bundle for browsers. memfs imports four modules of Node, whose usual stand-ins have to be named to the bundler. */
import { createRequire } from 'node:module';
import { build, type Plugin } from 'esbuild';

const { resolve } = createRequire(import.meta.url);

/** What stands in for which module of Node. `URL` is a global in browsers. */
const standIns: Readonly<Record<string, string>> = {
  'node:buffer': resolve('buffer/'),
  'node:events': resolve('events/'),
  'node:path': resolve('path-browserify'),
  'node:stream': resolve('readable-stream/lib/ours/browser.js'),
};

const nodeModules: Plugin = {
  name: 'stand-ins for modules of Node',
  setup(builder) {
    builder.onResolve({ filter: /^node:(buffer|events|path|stream)$/ }, ({ path }) => ({ path: standIns[path]! }));
    builder.onResolve({ filter: /^node:url$/ }, ({ path }) => ({ path, namespace: 'global' }));
    builder.onLoad({ filter: /.*/, namespace: 'global' }, () => ({ contents: 'export const { URL } = globalThis;' }));
  },
};

/** Bundles the file at `entry` for a browser; fails where another module of Node is imported. */
export async function bundleForBrowser(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'browser',
    conditions: ['browser'],
    format: 'iife',
    target: 'es2022',
    logLevel: 'silent',
    plugins: [nodeModules],
  });
  return outputFiles[0]!.text;
}
