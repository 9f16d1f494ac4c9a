/**
 * npm test: sets up, then lint, types, format, unit tests of TypeScript and Python.
 * npm test -- --long adds the suites that start browsers, notebooks and many processes.
 * Ends with one line that counts tests, `N passed, N failed, N skipped`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { environment, fail, root, setUp, venv } from './set-up.mjs';

const long = process.argv.includes('--long');
const unknown = process.argv.slice(2).find(argument => argument !== '--long');
if (unknown) {
  fail(`npm test knows no option ${unknown}. Use: npm test, or npm test -- --long`);
}
setUp(step => process.stdout.write(`setting up: ${step}\n`));

const reports = join(root, '.cache', 'reports');
rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });
const total = { passed: 0, failed: 0, skipped: 0 };
const broken = [];

/** Run one check. Output goes to the terminal as it comes. */
function check(name, command, args, extra = {}) {
  process.stdout.write(`\n== ${name}\n`);
  const { status } = spawnSync(command, args, { cwd: root, env: environment(extra), stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) {
    broken.push(name);
  }
}

function count(passed, failed, skipped) {
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
}

function jest(name, projects) {
  const report = join(reports, `${name.split(' ')[0]}.json`);
  check(
    name,
    'jest',
    ['--json', `--outputFile=${report}`, '--selectProjects', ...projects],
    long ? { VEILBOOK_LONG_TESTS: '1' } : {}
  );
  if (existsSync(report)) {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(report, 'utf8'));
    count(numPassedTests, numFailedTests, numPendingTests + numTodoTests);
  }
}

function pytest() {
  const report = join(reports, 'pytest.xml');
  const selection = long ? [] : ['-m', 'not slow'];
  check('pytest', join(venv, 'bin', 'python'), ['-m', 'pytest', '-q', ...selection, `--junitxml=${report}`]);
  if (existsSync(report)) {
    const of = name => Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(readFileSync(report, 'utf8'))?.[1] ?? 0);
    const failed = of('failures') + of('errors');
    count(of('tests') - failed - of('skipped'), failed, of('skipped'));
  }
}

function playwright() {
  if (!existsSync('/usr/bin/chromium')) {
    process.stdout.write('\n== browser tests: left out, /usr/bin/chromium is not installed (apt-get install chromium)\n');
    return;
  }
  const report = join(reports, 'playwright.json');
  check('browser tests', 'playwright', ['test', '--config', 'test/ui/playwright.config.ts', '--reporter', 'list,json'], {
    PLAYWRIGHT_JSON_OUTPUT_NAME: report
  });
  if (existsSync(report)) {
    const { expected, unexpected, flaky, skipped } = JSON.parse(readFileSync(report, 'utf8')).stats;
    count(expected + flaky, unexpected, skipped);
  }
}

const python = join(venv, 'bin', 'python');
check('types', 'npm', ['run', '--silent', 'lint:types']);
check('eslint', 'npm', ['run', '--silent', 'lint:js']);
check('stylelint', 'npm', ['run', '--silent', 'lint:css']);
check('prettier', 'npm', ['run', '--silent', 'lint:format']);
check('ruff', python, ['-m', 'ruff', 'check', 'veilbook', 'test']);
check('ruff format', python, ['-m', 'ruff', 'format', '--check', 'veilbook', 'test']);
check('mypy', python, ['-m', 'mypy']);
jest('jest', ['lab', 'node']);
pytest();
if (long) {
  jest('parity with PyTorch and OpenCV', ['parity']);
  playwright();
} else {
  process.stdout.write(
    '\nLeft out here: tests of minutes, slow notebook tests, parity with PyTorch and OpenCV, browser tests. Run them: npm test -- --long\n'
  );
}

for (const name of broken) {
  process.stdout.write(`FAILED: ${name}\n`);
}
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exit(broken.length ? 1 : 0);
