/** What the plugins give one another. */

import { Token } from '@lumino/coreutils';

import type { Highlighting } from './editor/switch';
import type { Checks } from './kernel/checks';
import type { Steering } from './kernel/steering';

/** The colours of `%%mtl` cells, which a command turns on and off. */
export const IHighlighting = new Token<Highlighting>('mtl-magic:IHighlighting', 'Whether %%mtl cells are coloured.');
export type IHighlighting = Highlighting;

/** The problems of a text, from a kernel that is free or from the vocabulary alone. */
export const IChecks = new Token<Checks>('mtl-magic:IChecks', 'Finds the problems of a %%mtl cell.');
export type IChecks = Checks;

/** A training that can be steered. */
export interface ITraining {
  pause(): void;
  resume(): void;
  stop(): void;
  /** Gives tasks weights; false where it has none of them. */
  weigh?(weights: ReadonlyMap<string, number>): boolean;
}

/** The training of the notebook in front: commands and the sidebar follow it. */
export const ISteering = new Token<Steering>('mtl-magic:ISteering', 'Steers the training of the notebook in front.');
export type ISteering = Steering;
