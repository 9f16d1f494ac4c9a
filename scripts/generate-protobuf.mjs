/**
 * Makes the TypeScript of each .proto file beside it. Needed only when one of them changes, and its tools bring a binary
 * per platform, so they are fetched for the occasion instead of with every install.
 */
import { execFileSync } from 'node:child_process';

process.chdir(new URL('..', import.meta.url).pathname);
const tools = ['--package=@bufbuild/buf@1.75.0', '--package=@bufbuild/protoc-gen-es@2.13.0'];
for (const folder of ['src/models/onnx/generated', 'src/egress/kserve/generated']) {
  const template = { version: 'v2', plugins: [{ local: 'protoc-gen-es', out: folder, opt: ['target=ts'] }] };
  const command = ['buf', 'generate', folder, '--template', JSON.stringify(template)];
  execFileSync('npx', ['--yes', ...tools, '--', ...command], { stdio: 'inherit' });
}
