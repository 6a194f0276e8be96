// What `jupyter-builder build` does beside its own: it leaves out of @codemirror/lint the panel that nothing here opens.
const path = require('node:path');

module.exports = {
  module: {
    rules: [{ test: /[\\/]@codemirror[\\/]lint[\\/]dist[\\/]index\.js$/, use: path.join(__dirname, 'lean.js') }]
  }
};
