/** How hovers and problems look, by the theme's variables alone. */

import { EditorView } from '@codemirror/view';

export const hoverTheme = EditorView.baseTheme({
  '.mtl-hover': {
    maxWidth: '60ch',
    maxHeight: '24em',
    overflow: 'auto',
    padding: '6px 10px',
    font: 'var(--jp-ui-font-size1) / 1.4 var(--jp-ui-font-family)',
    color: 'var(--jp-ui-font-color1)',
    background: 'var(--jp-layout-color1)'
  },
  '.mtl-hover p': { margin: '4px 0' },
  '.mtl-hover-title': { color: 'var(--jp-ui-font-color2)' },
  '.mtl-hover code': { fontFamily: 'var(--jp-code-font-family)', whiteSpace: 'pre-wrap' },
  '.mtl-hover pre': { fontFamily: 'var(--jp-code-font-family)', margin: '6px 0 0', whiteSpace: 'pre-wrap' }
});
