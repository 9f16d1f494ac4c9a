/** Makes src/models/onnx/generated/onnx_pb.ts of the onnx.proto beside it. */
import { execFileSync } from 'node:child_process';

process.chdir(new URL('..', import.meta.url).pathname);
const bin = `${process.cwd()}/node_modules/.bin`;
const folder = 'src/models/onnx/generated';
const template = { version: 'v2', plugins: [{ local: `${bin}/protoc-gen-es`, out: folder, opt: ['target=ts'] }] };
execFileSync(`${bin}/buf`, ['generate', folder, '--template', JSON.stringify(template)], { stdio: 'inherit' });
