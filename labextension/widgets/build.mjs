// Builds the bundles that run in the page: node widgets/build.mjs (npm run build:widgets)
import { build } from 'esbuild';
import { copyFile, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, '../../mtl_magic/dashboard/static');
const uplot = dirname(createRequire(import.meta.url).resolve('uplot/package.json'));
const { version } = JSON.parse(await readFile(join(uplot, 'package.json'), 'utf8'));

const common = {
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  charset: 'utf8',
  outdir: out,
  logLevel: 'warning'
};
await build({ ...common, entryPoints: [join(here, 'controls.ts')] });
await build({
  ...common,
  entryPoints: [join(here, 'charts.ts')],
  banner: { js: `/* with uPlot ${version}, MIT: its licence is in uplot.LICENSE.txt */` }
});
await copyFile(join(uplot, 'LICENSE'), join(out, 'uplot.LICENSE.txt'));
