/** Specs against the running cluster: npm run test:cluster. They share one API server, so they run one file after the other. */
const esModules = [
  '@kubernetes',
  'openid-client',
  'oauth4webapi',
  'jose',
  'jsonpath-plus',
  'socks-proxy-agent',
  'agent-base',
  'rfc4648'
];

module.exports = {
  rootDir: `${__dirname}/../..`,
  testEnvironment: '<rootDir>/test/node-environment.cjs',
  testMatch: ['<rootDir>/test/cluster/specs/**/*.spec.ts'],
  // Real pods on a busy machine: a limit that only a hang reaches.
  testTimeout: 180000,
  maxWorkers: 1,
  transform: {
    '\\.ts$': [
      'ts-jest',
      {
        tsconfig: { module: 'commonjs', moduleResolution: 'node', target: 'es2022', esModuleInterop: true, isolatedModules: true }
      }
    ],
    '\\.m?js$': '<rootDir>/test/esm-to-cjs.cjs'
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esModules.join('|')})/)`],
  modulePathIgnorePatterns: ['<rootDir>/lib', '<rootDir>/veilbook', '<rootDir>/.venv']
};
