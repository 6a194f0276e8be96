/** JupyterLab's side of the language: a plugin a concern, each of which can be turned off. */

import { checks } from './plugins/checks';
import { commands } from './plugins/commands';
import { completion } from './plugins/completion';
import { highlight } from './plugins/highlight';
import { hover } from './plugins/hover';
import { lint } from './plugins/lint';
import { sidebar } from './plugins/sidebar';
import { steering } from './plugins/steering';

export * from './tokens';

export default [highlight, completion, checks, lint, hover, steering, commands, sidebar];
