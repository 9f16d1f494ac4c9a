import { Type } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import type { Frame } from '../../pipeline/compute';
import { VeilError } from '../../protocol';
import { binaryBody } from '../bodies';

/** Query of every route that takes a frame; needed by raw pixels, refused beside a coded image. */
export const FrameQuery = Type.Object({
  width: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535 })),
  height: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535 })),
  order: Type.Optional(Type.Union([Type.Literal('rgb'), Type.Literal('bgr')]))
});

interface FrameShape {
  width?: number;
  height?: number;
  order?: 'rgb' | 'bgr';
}

/**
 * The frame of a request: H x W x 3 uint8 pixels, row-major, or a coded image as `image/*`.
 * @throws VeilError `bad_request` when the body is missing, or its size is not width x height x 3.
 */
export function frameOf(request: FastifyRequest, { width, height, order }: FrameShape): Frame {
  const data = binaryBody(request, 'frame');
  const type = request.headers['content-type'] ?? '';
  if (type.startsWith('image/')) {
    if (width !== undefined || height !== undefined || order !== undefined) {
      throw new VeilError(
        'bad_request',
        'width, height and order describe raw pixels, but the body is a coded image. Nothing was run.',
        'Leave them out, or send application/octet-stream.'
      );
    }
    return { kind: 'coded', data };
  }
  if (!type.startsWith('application/octet-stream')) {
    throw new VeilError(
      'bad_request',
      `A frame cannot be ${type}. Nothing was run.`,
      'Send application/octet-stream or image/*.'
    );
  }
  if (width === undefined || height === undefined) {
    throw new VeilError('bad_request', 'Raw pixels came without width and height. Nothing was run.', 'Name them in the query.');
  }
  if (data.length !== width * height * 3) {
    throw new VeilError(
      'bad_request',
      `A frame of ${width} x ${height} has ${width * height * 3} bytes, the body has ${data.length}. Nothing was run.`,
      'Send H x W x 3 uint8, row-major.'
    );
  }
  return { kind: 'pixels', data, width, height, order: order ?? 'rgb' };
}
