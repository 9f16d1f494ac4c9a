/** Two projects: what runs in the browser under JupyterLab's preset, what runs in Node with native modules. */
const preset = require('@jupyterlab/testing/lib/jest-config')(__dirname);

const esModules = [
  '@codemirror',
  '@jupyter/',
  '@jupyterlab/',
  '@microsoft/',
  'exenv-es6',
  'lib0',
  'nanoid',
  'vscode-ws-jsonrpc',
  'y-protocols',
  'y-websocket',
  'yjs'
].join('|');
const typescript = tsconfig => ['ts-jest', { tsconfig }];

// Tests of minutes: npm test -- --long.
const long = process.env.VEILBOOK_LONG_TESTS ? [] : ['\\.long\\.spec\\.ts$'];

// Tests that open sessions themselves: jest's copy of process.env does not reach the native library.
process.env.ORT_DISABLE_TELEMETRY = '1';

/** Tests in Node, with native modules. */
const node = {
  displayName: 'node',
  rootDir: __dirname,
  testEnvironment: '<rootDir>/test/node-environment.cjs',
  testMatch: [
    '<rootDir>/src/{protocol,numerics,models,pipeline,evaluation,learning,audit,workspaces,jobs,toolkit,s3,egress,sidecar,cli}/**/*.spec.ts',
    '<rootDir>/test/{sidecar,cli,workspaces,evaluation,egress,triton,s3}/**/*.spec.ts'
  ],
  transform: {
    '\\.ts$': typescript({
      module: 'commonjs',
      moduleResolution: 'node',
      target: 'es2022',
      esModuleInterop: true,
      isolatedModules: true
    }),
    '\\.js$': '<rootDir>/test/esm-to-cjs.cjs'
  },
  transformIgnorePatterns: ['/node_modules/(?!echarts|zrender|tslib).+'],
  testPathIgnorePatterns: ['/node_modules/', ...long],
  modulePathIgnorePatterns: ['<rootDir>/lib', '<rootDir>/veilbook', '<rootDir>/.venv']
};

module.exports = {
  // Real processes on a busy machine: a limit that only a hang reaches.
  testTimeout: 60000,
  // One for each of two cores: on so few jest would take one.
  maxWorkers: 2,
  projects: [
    {
      displayName: 'lab',
      rootDir: __dirname,
      testEnvironment: preset.testEnvironment,
      moduleNameMapper: preset.moduleNameMapper,
      setupFilesAfterEnv: preset.setupFilesAfterEnv,
      setupFiles: preset.setupFiles,
      moduleFileExtensions: preset.moduleFileExtensions,
      testMatch: ['<rootDir>/src/lab/**/*.spec.ts', '<rootDir>/src/lab/**/*.spec.tsx'],
      transform: {
        '\\.tsx?$': typescript({
          module: 'commonjs',
          moduleResolution: 'node',
          target: 'es2022',
          jsx: 'react',
          esModuleInterop: true,
          isolatedModules: true
        }),
        '\\.m?js$': '<rootDir>/test/esm-to-cjs.cjs',
        '\\.svg$': '@jupyterlab/testing/lib/jest-raw-loader.js'
      },
      transformIgnorePatterns: [`/node_modules/(?!${esModules}).+`],
      modulePathIgnorePatterns: ['<rootDir>/lib', '<rootDir>/veilbook', '<rootDir>/.venv']
    },
    node,
    // Beside PyTorch and OpenCV: minutes, and packages of Debian's.
    { ...node, displayName: 'parity', testMatch: ['<rootDir>/test/parity/**/*.spec.ts'] }
  ]
};
