/** Cells to begin with. All but the first are of the feed log that ships with the package: they train as they are. */

/** The cell that the command inserts. */
export const TEMPLATE = `%%mtl model --data log
share   mmoe(experts=4)
task    click: binary
task    like:  binary
balance equal
`;

/** What comes before a cell on that log. */
export const BEFORE = `%load_ext mtl_magic
from mtl_magic.datasets import kuairand_sample

log = kuairand_sample()
`;

/** The cell of the empty panel. */
export const START = `%%mtl feed --data log
task is_click, is_like: binary
ignore is_*, long_view, play_time_ms
`;

const HEADS = `
task   click: binary(label=is_click)
task   like:  binary(label=is_like)`;

/** A cell on that log: what comes before its tasks, and they. */
const cell = (name: string, head: string, tasks = HEADS) => `%%mtl ${name} --data log
ignore is_*, long_view, play_time_ms
${head}${tasks}
split  test=20220504 time=date
train  epochs=2
`;

/** Cells to insert; a test trains them. */
export const CELLS = {
  hard: cell('hard', 'share  mlp(units=[128, 64])                      # one trunk, and a tower a task'),
  none: cell('single', 'share  none                                      # embeddings neither'),
  mmoe: cell('experts', 'share  mmoe(experts=6, units=[128, 64])          # each task has a gate over the experts'),
  ple: cell('levels', 'share  ple(levels=2, shared=2, own=2, units=[64])'),
  cross_stitch: cell('stitched', 'share  cross_stitch(units=[128, 64])'),
  mtan: cell('attention', 'share  mtan(units=[128, 64])'),
  star: cell(
    'star',
    `feature tab: category                            # the domain: where in the app a row was shown
feature *: auto
share  star(domain=tab, units=[128, 64])`
  ),
  tree: cell(
    'tree',
    `share  trunk  = mlp(units=[128])
share  watch  = cgc(units=[64]) from trunk
share  social = mlp(units=[64]) from trunk`,
    `
task   click: binary(label=is_click) from watch
task   long:  binary(label=long_view) from watch
task   like:  binary(label=is_like) from social
task   visit: binary(label=is_profile_enter) from social`
  ),
  esmm: cell(
    'esmm',
    'share  mlp(units=[128, 64])',
    `
task   click: binary(label=is_click)
task   long:  binary(label=long_view) given click via esmm    # P(long) = P(click) P(long | click)`
  ),
  feed: cell(
    'recommender',
    `ignore time_ms, date
feature user_id, video_id, author_id: category(dim=16)
feature duration_ms: number(scale=log)
feature tag: tags
feature *: auto
share  mmoe(experts=8, units=[128, 64])`,
    `${HEADS.replace('label=is_like', 'label=is_like, loss=focal(gamma=2)')}
task   long:  binary(label=long_view)
task   watch: regression(label=play_time_ms, loss=huber) weight 0.5
balance uncertainty`
  )
};

/** A notebook to begin with: [type, source]. */
export const QUICKSTART: ['code' | 'markdown', string][] = [
  ['code', '%load_ext mtl_magic'],
  ['code', 'from mtl_magic.datasets import kuairand_sample\n\nlog = kuairand_sample()'],
  [
    'code',
    `%%mtl feed --data log
ignore  is_*, long_view, play_time_ms
share   mmoe(experts=4)
task    click: binary(label=is_click)
task    like:  binary(label=is_like)
split   test=20220504 time=date
train   epochs=2
`
  ]
];
