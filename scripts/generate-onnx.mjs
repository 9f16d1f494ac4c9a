/**
 * Makes src/models/onnx/generated/onnx_pb.ts of the onnx.proto beside it. Needed only when onnx.proto changes, and its
 * tools bring a binary per platform, so they are fetched for the occasion instead of with every install.
 */
import { execFileSync } from 'node:child_process';

process.chdir(new URL('..', import.meta.url).pathname);
const folder = 'src/models/onnx/generated';
const template = { version: 'v2', plugins: [{ local: 'protoc-gen-es', out: folder, opt: ['target=ts'] }] };
const tools = ['--package=@bufbuild/buf@1.75.0', '--package=@bufbuild/protoc-gen-es@2.13.0'];
const command = ['buf', 'generate', folder, '--template', JSON.stringify(template)];
execFileSync('npx', ['--yes', ...tools, '--', ...command], { stdio: 'inherit' });
