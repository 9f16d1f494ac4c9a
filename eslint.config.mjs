import tseslint from 'typescript-eslint';

/** What each room may import of ours: docs/architecture.md, "Rooms". */
const rooms = {
  protocol: ['numerics', 'models', 'pipeline', 'evaluation', 'learning', 'audit', 'workspaces', 'jobs', 'sidecar', 'cli', 'lab'],
  numerics: ['protocol', 'models', 'pipeline', 'evaluation', 'learning', 'audit', 'workspaces', 'jobs', 'sidecar', 'cli', 'lab'],
  models: ['pipeline', 'evaluation', 'learning', 'audit', 'workspaces', 'jobs', 'sidecar', 'cli', 'lab'],
  pipeline: ['evaluation', 'learning', 'audit', 'workspaces', 'jobs', 'sidecar', 'cli', 'lab'],
  evaluation: ['learning', 'audit', 'workspaces', 'jobs', 'sidecar', 'cli', 'lab'],
  learning: ['audit', 'workspaces', 'jobs', 'sidecar', 'cli', 'lab'],
  audit: ['workspaces', 'jobs', 'sidecar', 'cli', 'lab'],
  workspaces: ['numerics', 'models', 'pipeline', 'evaluation', 'learning', 'audit', 'jobs', 'sidecar', 'cli', 'lab'],
  jobs: ['numerics', 'models', 'pipeline', 'evaluation', 'learning', 'audit', 'sidecar', 'cli', 'lab'],
  sidecar: ['cli', 'lab'],
  cli: ['lab'],
  lab: ['numerics', 'models', 'pipeline', 'evaluation', 'learning', 'audit', 'workspaces', 'jobs', 'sidecar', 'cli']
};

export default tseslint.config(
  {
    ignores: [
      'node_modules',
      '.venv',
      '.cache',
      'lib',
      'veilbook',
      'coverage',
      'test-results',
      'playwright-report',
      'assembly',
      'src/models/onnx/generated'
    ]
  },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      curly: 'error',
      eqeqeq: 'error',
      'no-console': 'error',
      'prefer-arrow-callback': 'error'
    }
  },
  {
    files: ['**/*.cjs'],
    rules: { '@typescript-eslint/no-require-imports': 'off' }
  },
  ...Object.entries(rooms).map(([room, refused]) => ({
    files: [`src/${room}/**/*.{ts,tsx}`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: refused.map(other => ({
            regex: `^(\.\./)+${other}(/|$)`,
            message: `src/${room} may not import src/${other}.`
          }))
        }
      ]
    }
  }))
);
