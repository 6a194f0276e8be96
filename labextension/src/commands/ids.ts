/** The commands, for palettes, menus, shortcuts and the sidebar. */
export const Ids = {
  insert: 'mtl-magic:insert-template',
  example: 'mtl-magic:insert-example',
  explain: 'mtl-magic:explain-cell',
  dryRun: 'mtl-magic:dry-run-cell',
  check: 'mtl-magic:check-cell',
  highlight: 'mtl-magic:toggle-highlight',
  quickstart: 'mtl-magic:open-quickstart',
  pause: 'mtl-magic:pause',
  resume: 'mtl-magic:resume',
  stop: 'mtl-magic:stop'
} as const;

/** Of the sidebar itself. */
export const SHOW_PANEL = 'mtl-magic:show-panel';

/** The argument schema of a command that takes none. */
export const nothing = { args: { type: 'object' as const, properties: {} } };
