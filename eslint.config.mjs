import tseslint from 'typescript-eslint';

/** What each room may import of ours: docs/architecture.md, "Rooms". */
const computing = ['protocol', 'numerics', 'models', 'pipeline'];
const rooms = {
  protocol: [],
  numerics: [],
  models: ['protocol', 'numerics'],
  pipeline: ['protocol', 'numerics', 'models'],
  evaluation: computing,
  learning: [...computing, 'evaluation'],
  audit: [...computing, 'evaluation', 'learning'],
  workspaces: ['protocol'],
  jobs: ['protocol', 'workspaces'],
  toolkit: ['protocol', 'workspaces'],
  s3: ['protocol'],
  egress: computing,
  sidecar: [...computing, 'evaluation', 'learning', 'audit', 'workspaces', 'jobs', 'toolkit', 'egress'],
  cli: [...computing, 'evaluation', 'learning', 'audit', 'workspaces', 'jobs', 'toolkit', 's3', 'egress', 'sidecar'],
  lab: ['protocol']
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
      'src/models/onnx/generated',
      'src/egress/kserve/generated'
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
  ...Object.entries(rooms).map(([room, allowed]) => ({
    files: [`src/${room}/**/*.{ts,tsx}`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: Object.keys(rooms)
            .filter(other => other !== room && !allowed.includes(other))
            .map(other => ({
              regex: `^(\.\./)+${other}(/|$)`,
              message: `src/${room} may not import src/${other}.`
            }))
        }
      ]
    }
  }))
);
