import { type LoadedModel, type Obfuscation, type Weights } from '../../models';
import { type OnnxModel } from '../../models/onnx';
import { type Subject } from '../../learning/comparison/subject';
import { type NoiseSpectrum } from '../../learning/leakage';
import { type Normals } from '../../learning/normals';
import { type Sample } from '../../learning/samples';
import { type Statistics } from '../../learning/statistics';

/** A method at one strength: what reaches the server, what the server makes of it, and how an attacker begins. */
export interface Veil {
  /** What is sent of a photograph, as the tensor [C,H,W] that whoever receives it has or makes from it. */
  send(sample: Sample, normals: Normals): Promise<Float32Array>;
  /** What the server runs on it: the ports of the tail. */
  server: OnnxModel;
  attacker: {
    /** Takes away of a tensor what can be taken away with certainty; the method's shape is known, its random draws are not. */
    undo(z: Float32Array): Promise<Float32Array>;
    /** Density of the noise that is left then; zero where none is. */
    noise: NoiseSpectrum;
    /** Of tensors like those that `undo` returns, less the noise, beside the pictures. */
    statistics: Statistics;
    /** The picture itself [T,H,W] where it is what is sent. */
    picture?(sample: Sample): Promise<Float32Array>;
  };
  release(): Promise<void>;
}

/** What methods are made from. */
export interface Setting {
  model: LoadedModel;
  obfuscation: Obfuscation;
  subject: Subject;
  /** Of the attacker's own photographs and, as the artefact holds them, of those it was learned from; bins are the artefact's. */
  statistics: Statistics;
  /** The artefact's decoder for noise of such power, which an attack by a decoder begins with. */
  decoder(noise: NoiseSpectrum): Promise<Weights>;
  /** The boxes of the clean model in a photograph, in its pixels; none for models that draw none. */
  boxes(sample: Sample): readonly { x1: number; y1: number; x2: number; y2: number }[];
}

/** One way to keep pictures from a server, with a single strength. */
export interface Method {
  title: string;
  /** What the strength is, with its unit. */
  unit: string;
  /** Of the search, weakest and strongest; between them the logarithm is halved, or the value where `linear`. */
  range: readonly [number, number];
  linear?: boolean;
  open(setting: Setting, strength: number): Promise<Veil>;
}
