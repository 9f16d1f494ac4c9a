import { Type } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Frame } from '../../pipeline/compute';
import { VeilError } from '../../protocol';
import { binaryBody } from '../bodies';
import type { SidecarContext } from '../context';
import { refuseShared } from '../shared-frame';

/** Answer header: the machine's monotonic clock, in ns, when the sidecar could read the whole frame. */
export const RECEIVED_HEADER = 'veilbook-received';

/** Query of every route that takes a frame; needed by raw pixels, refused beside a coded image. */
export const FrameQuery = Type.Object({
  width: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535 })),
  height: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535 })),
  order: Type.Optional(Type.Union([Type.Literal('rgb'), Type.Literal('bgr')]))
});

export interface FrameShape {
  width?: number;
  height?: number;
  order?: 'rgb' | 'bgr';
}

type Memory = Pick<SidecarContext, 'frames' | 'budget'>;

/**
 * Run `work` on the frame of a request: H x W x 3 uint8 pixels, row-major, as the body or in shared memory,
 * or a coded image as the body. A shared frame is not copied. The memory of a body is used again once the work has
 * ended well.
 * @throws VeilError `bad_request` when the body is missing, or its size is not width x height x 3;
 * `not_found` when a shared frame cannot be read here.
 */
export async function withFrame<T>(
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  shape: FrameShape,
  memory: Memory,
  work: (frame: Frame) => Promise<T>
): Promise<T> {
  const frame = await frameOf(request, shape, memory);
  reply.header(RECEIVED_HEADER, String(process.hrtime.bigint()));
  const outcome = await work(frame);
  if (frame.kind === 'pixels') {
    memory.frames.release(frame.data);
  }
  return outcome;
}

async function frameOf(request: FastifyRequest, { width, height, order }: FrameShape, { budget }: Memory): Promise<Frame> {
  const type = request.headers['content-type'] ?? '';
  if (type.startsWith('image/')) {
    if (width !== undefined || height !== undefined || order !== undefined) {
      throw refuse('width, height and order describe raw pixels, but the body is a coded image', 'Leave them out.');
    }
    return { kind: 'coded', data: binaryBody(request, 'frame') };
  }
  if (!type.startsWith('application/octet-stream')) {
    throw refuse(`A frame cannot be ${type || 'without a Content-Type'}`, 'Send application/octet-stream or image/*.');
  }
  if (width === undefined || height === undefined) {
    throw refuse('Raw pixels came without width and height', 'Name them in the query, or send a coded image as image/*.');
  }
  const length = width * height * 3;
  if (request.sharedFrame) {
    if (binaryBody(request, 'frame').length > 1) {
      throw refuse('The frame came both as a body and in shared memory', 'Send one of them.');
    }
    budget.take(request.raw, length);
    const { file, size } = await request.sharedFrame;
    if (size < length) {
      throw refuseShared(`is shorter than ${length} bytes`);
    }
    return { kind: 'shared', file, width, height, order: order ?? 'rgb' };
  }
  const data = binaryBody(request, 'frame');
  if (data.length !== length) {
    throw refuse(
      `A frame of ${width} x ${height} has ${length} bytes, the body has ${data.length}`,
      'Send H x W x 3 uint8, row-major.'
    );
  }
  return { kind: 'pixels', data, width, height, order: order ?? 'rgb' };
}

function refuse(why: string, remedy: string): VeilError {
  return new VeilError('bad_request', `${why}. Nothing was run.`, remedy);
}
