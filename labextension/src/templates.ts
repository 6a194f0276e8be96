/** Cells to begin with. */

/** The cell that the command inserts. */
export const TEMPLATE = `%%mtl model --data log
share   mmoe(experts=4)
task    click: binary
task    like:  binary
balance equal
`;

/** A notebook to begin with, on the data that ships with the package: [type, source]. */
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
