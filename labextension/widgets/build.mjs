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

// What of uPlot no chart of ours uses, and what stands for it: every notebook saved with its widgets' state holds the rest.
const NO_TIME = '[[], [], () => null]';
const UNUSED = {
  'uPlot.esm.js': [
    ['uPlot.join = join;', ''],
    ['(paths.stepped = stepped);', ''],
    ['(paths.bars    = bars);', ''],
    ['(paths.spline  = monotoneCubic);', ''],
    ['genTimeStuffs(1);', NO_TIME],
    ['genTimeStuffs(1e-3);', NO_TIME]
  ],
  'uPlot.min.css': [[/(?<=^|\})\.u-(title|legend|inline|series|select)[^{}]*\{[^}]*\}/g, '']]
};

/** Loads uPlot so. */
const lean = {
  name: 'lean',
  setup(build) {
    build.onLoad({ filter: /uPlot\.(esm\.js|min\.css)$/ }, async ({ path }) => {
      const before = await readFile(path, 'utf8');
      const contents = UNUSED[path.split(/[\\/]/).pop()].reduce((text, [part, instead]) => {
        const less = text.replace(part, instead);
        if (less === text) throw new Error(`uPlot ${version} has no ${part}: look at what it is now`);
        return less;
      }, before);
      return { contents, loader: path.endsWith('.css') ? 'css' : 'js' };
    });
  }
};

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
await build({ ...common, entryPoints: [join(here, 'search.ts')] });
await build({ ...common, entryPoints: [join(here, 'front.ts')] });
await build({
  ...common,
  plugins: [lean],
  entryPoints: [join(here, 'charts.ts')],
  banner: { js: `/* with uPlot ${version}, MIT: its licence is in uplot.LICENSE.txt */` }
});
await copyFile(join(uplot, 'LICENSE'), join(out, 'uplot.LICENSE.txt'));
