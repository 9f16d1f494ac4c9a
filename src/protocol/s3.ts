import { Type, type Static } from '@sinclair/typebox';

export const S3Failure = Type.Object({
  name: Type.String({ description: 'key of the object, or path of the file' }),
  code: Type.String(),
  message: Type.String()
});
export type S3Failure = Static<typeof S3Failure>;

export const S3Report = Type.Object(
  {
    schema: Type.Literal(1),
    direction: Type.Union([Type.Literal('get'), Type.Literal('put')]),
    bucket: Type.String(),
    objects: Type.Integer({ description: 'that were asked for' }),
    copied: Type.Integer(),
    there: Type.Integer({ description: 'that were there already, byte for byte' }),
    failed: Type.Integer(),
    skipped: Type.Integer({ description: 'links and other things that are no files; put only' }),
    bytes: Type.Integer({ description: 'of all objects that were asked for' }),
    moved_bytes: Type.Integer({ description: 'that crossed the network this time' }),
    verified: Type.Object(
      { md5: Type.Integer(), size: Type.Integer() },
      { description: 'by what copies were found equal: MD5, or their size alone where the server names no MD5' }
    ),
    failures: Type.Array(S3Failure, { description: 'a hundred at most' }),
    seconds: Type.Number()
  },
  { title: 'S3Report' }
);
export type S3Report = Static<typeof S3Report>;
