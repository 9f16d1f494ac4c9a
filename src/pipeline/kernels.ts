import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VeilError } from '../protocol';

interface WasmMemory {
  readonly buffer: ArrayBuffer;
}
/** What this file uses of it; the types of Node leave it to those of the browser. */
declare const WebAssembly: {
  Memory: new (limits: { initial: number; maximum: number }) => WasmMemory;
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object, imports: Record<string, Record<string, unknown>>): Promise<{ exports: unknown }>;
};

/** The exports of assembly/index.ts; pointers and sizes are bytes. */
export interface Kernels {
  resampleRow(row: number, table: number, columns: number, reverse: number, out: number): void;
  blendRows(
    upper: number,
    lower: number,
    columns: number,
    upperWeight: number,
    lowerWeight: number,
    out: number,
    planeBytes: number,
    mean0: number,
    mean1: number,
    mean2: number
  ): void;
  gaussian(words: number, bytes: number): void;
  quantiseField(activation: number, codes: number, limits: number, channels: number, plane: number, inverse: number): number;
  multiplyLower(values: number, order: number, count: number, factor: number, channels: number): void;
  hartleyColumns(values: number, height: number, width: number, channels: number, table: number, scratch: number): void;
  hartleyRowsOntoCodes(
    values: number,
    height: number,
    width: number,
    pitch: number,
    table: number,
    scratch: number,
    codes: number,
    out: number,
    channels: number,
    step: number
  ): number;
}

/** A part of the kernels' memory. Its address never changes, so that tensors over it stay valid. */
export class Region {
  constructor(
    readonly memory: WasmMemory,
    readonly at: number,
    readonly bytes: number
  ) {}

  uint8(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.memory.buffer, this.at, this.bytes);
  }

  int32(): Int32Array<ArrayBuffer> {
    return new Int32Array(this.memory.buffer, this.at, this.bytes / 4);
  }

  int16(): Int16Array<ArrayBuffer> {
    return new Int16Array(this.memory.buffer, this.at, this.bytes / 2);
  }

  float32(): Float32Array<ArrayBuffer> {
    return new Float32Array(this.memory.buffer, this.at, this.bytes / 4);
  }
}

export interface Arena<Name extends string> {
  kernels: Kernels;
  regions: Record<Name, Region>;
}

const PAGE = 65536;
/** The kernels' own constants lie below; regions start behind them. */
const FIRST_REGION = PAGE;
const ALIGNMENT = 64;

let compiled: Promise<object> | undefined;

/**
 * Make one memory that holds a region of each size (bytes, rounded up to whole cache lines) and the kernels over it.
 * The memory never grows: growing would detach every tensor that shares it.
 * @throws VeilError `internal` when kernels.wasm was not built
 */
export async function openArena<Name extends string>(sizes: Record<Name, number>): Promise<Arena<Name>> {
  const entries = Object.entries(sizes) as [Name, number][];
  const end = entries.reduce((at, [, bytes]) => at + align(bytes), FIRST_REGION);
  const pages = Math.ceil(end / PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  compiled ??= compileKernels();
  const instance = await WebAssembly.instantiate(await compiled, {
    env: {
      memory,
      abort: () => {
        throw new VeilError('internal', 'A wasm kernel stopped.', 'This is a fault in Veilbook: please report it with the log.');
      }
    }
  });
  const regions = {} as Record<Name, Region>;
  let at = FIRST_REGION;
  for (const [name, bytes] of entries) {
    regions[name] = new Region(memory, at, bytes);
    at += align(bytes);
  }
  return { kernels: instance.exports as Kernels, regions };
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

async function compileKernels(): Promise<object> {
  const places = [join(__dirname, 'kernels.wasm'), join(__dirname, '..', '..', 'veilbook', 'node', 'kernels.wasm')];
  const path = places.find(existsSync);
  if (!path) {
    throw new VeilError('internal', `kernels.wasm is not at ${places[0]}. Nothing was run.`, 'Build it: npm run build:node');
  }
  return WebAssembly.compile(await readFile(path));
}
