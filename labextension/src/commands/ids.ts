/** The commands, for palettes, menus, shortcuts and the sidebar. */
export const Ids = {
  insert: 'mtl-magic:insert-template',
  explain: 'mtl-magic:explain-cell',
  dryRun: 'mtl-magic:dry-run-cell',
  check: 'mtl-magic:check-cell',
  highlight: 'mtl-magic:toggle-highlight',
  quickstart: 'mtl-magic:open-quickstart',
  pause: 'mtl-magic:pause',
  resume: 'mtl-magic:resume',
  stop: 'mtl-magic:stop'
} as const;

/** The argument schema of a command that takes none. */
export const nothing = { args: { type: 'object' as const, properties: {} } };
