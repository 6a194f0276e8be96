// Writes the sheets as one small script, which puts them into the page: node style/build.mjs (npm run build:style)
//
// Packed, for scripts count: nothing of ours is seen in the first moments of a page, and every browser can unpack it.
import { build } from 'esbuild';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const made = await build({
  entryPoints: [join(here, 'index.css')],
  bundle: true,
  minify: true,
  write: false,
  target: 'es2022',
  charset: 'utf8',
  logLevel: 'warning'
});
const packed = deflateRawSync(made.outputFiles[0].contents, { level: 9 }).toString('base64');
const script = `
const bytes = Uint8Array.from(atob('${packed}'), c => c.charCodeAt(0));
const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
new Response(stream).text().then(text => {
  const style = document.createElement('style');
  style.textContent = text;
  document.head.append(style);
});
`;
await mkdir(join(here, '../lib'), { recursive: true });
await writeFile(join(here, '../lib/style.js'), script);
