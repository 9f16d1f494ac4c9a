import { createHash } from 'node:crypto';
import { Random } from '../numerics/random';
import { Normals } from './normals';
import { type Effort } from './effort';
import { type Pace } from './pace';
import { type Question } from './question';
import { type Sample } from './samples';
import { type LearningDevice } from './session';
import { type Task } from './task';
import { type OnnxModel } from '../models/onnx';

/** What every stage of a learning pass works with. */
export interface Pass {
  question: Question;
  task: Task;
  tail: OnnxModel;
  device: LearningDevice;
  effort: Effort;
  pace: Pace;
  samples: { fit: Sample[]; select: Sample[]; held_out: Sample[] };
  /** Random numbers of a purpose: the same for a seed whatever ran before, so that a resumed pass learns the same. */
  random(purpose: string): Random;
  normals(purpose: string): Promise<Normals>;
}

export function randomOf(seed: number): (purpose: string) => Random {
  return purpose => new Random(seed, createHash('sha256').update(purpose).digest().readUInt32BE());
}

export function normalsOf(seed: number): (purpose: string) => Promise<Normals> {
  return purpose => Normals.open(seed, purpose);
}
