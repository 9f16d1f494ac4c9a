/** JupyterLab publishes ES modules and jest runs CommonJS: the shortest way from one to the other. */
const { transformSync } = require('esbuild');

module.exports = {
  process: (code, path) => ({
    code: transformSync(code, { format: 'cjs', loader: 'js', target: 'es2022', sourcefile: path }).code
  })
};
