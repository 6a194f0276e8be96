import jupyter from '@jupyter/eslint-plugin';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['lib', 'node_modules', 'src/generated', 'package*.json', 'tsconfig*.json'] },
  ...tseslint.configs.recommended.map(config => ({ ...config, files: ['**/*.ts'] })),
  // the plugin's configuration names its rules and leaves it to us to name the plugin
  ...jupyter.configs.recommended.map(config => ({ ...config, plugins: { jupyter } })),
  {
    files: ['**/*.ts'],
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-console': 'error',
      'jupyter/prefer-lazy-imports': 'off' // all of it is small, and needed at the first cell
    }
  },
  {
    // the language is the package's, and English
    files: ['src/language/**'],
    rules: { 'jupyter/no-untranslated-string': 'off' }
  },
  {
    // a widget's model is untyped, as anywidget gives it
    files: ['shared/**', 'widgets/**'],
    rules: { '@typescript-eslint/no-explicit-any': 'off', 'jupyter/no-untranslated-string': 'off' }
  },
  prettier
);
