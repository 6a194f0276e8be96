/** What the panel shows of a training: where it stands, weights, heads, how they share. */

import type { Widget } from '@lumino/widgets';

import type { Shared } from '../offline';
import { AgreementPart } from './agreement';
import { HeadsPart } from './heads';
import { SharingPart } from './sharing';
import { StatusPart } from './status';
import { WeightsPart } from './weights';

/** The parts with their ranks. */
export function live(shared: Shared): [Widget, number][] {
  return [
    [new StatusPart(shared), 100],
    [new WeightsPart(shared), 200],
    [new HeadsPart(shared), 300],
    [new SharingPart(shared), 400],
    [new AgreementPart(shared), 500]
  ];
}
